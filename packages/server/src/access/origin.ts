/** Which pages may connect: those of the server's own host, a list of exact origins, or all. */
export type OriginPolicy = "same" | "any" | readonly string[]

/**
 * Whether a browser's Origin header is allowed [F7]. Exact comparison only: no prefixes, no suffixes, no case folding. An
 * absent header means that it is no browser, which is fine as long as no cookie could speak for a user.
 */
export function originAllowed(
  policy: OriginPolicy,
  request: { origin?: string | undefined; host?: string | undefined; cookieOnly: boolean },
): boolean {
  const { origin, host, cookieOnly } = request
  if (origin === undefined) return !cookieOnly
  if (policy === "any") return true
  if (policy === "same") return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
  return policy.includes(origin)
}
