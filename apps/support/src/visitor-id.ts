/** Names a visitor by the secret that only his device and the server see: the first half of its SHA-256, in hexadecimal. */
export const ID_LENGTH = 32
export const VISITOR_PREFIX = "visitor."
export const AGENT_PREFIX = "agent."

export async function visitorIdOf(secret: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret))
  return [...new Uint8Array(hash)]
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("")
    .slice(0, ID_LENGTH)
}
