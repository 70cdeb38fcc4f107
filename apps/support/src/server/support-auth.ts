import { createHash } from "node:crypto"
import type { Authenticator, User } from "@magpie/server"
import { AGENT_PREFIX, ID_LENGTH, VISITOR_PREFIX } from "../visitor-id.ts"

/** A visitor has no name of his own here; an agent has the one that visitors see. */
export interface SupportUser extends User {
  readonly role: "visitor" | "agent"
  readonly name: string
}

export interface Agent {
  readonly id: string
  readonly name: string
  /** SHA-256 of the agent's key, in hexadecimal: the key itself stands nowhere. */
  readonly keySha256: string
}

const SECRET = /^[0-9A-Za-z_-]{32,64}$/

/**
 * Knows a visitor by the secret that his device drew, and an agent by a key. A visitor's id is the hash of his secret, so that
 * it can be shown to agents and stand in the names of channels. Give agents tokens of your own login instead, where you have one.
 */
export function supportAuth({ agents }: { readonly agents: readonly Agent[] }): Authenticator<SupportUser> {
  const byHash = new Map(agents.map((agent) => [agent.keySha256.toLowerCase(), agent]))
  return {
    authenticate({ token }) {
      if (token?.startsWith(VISITOR_PREFIX)) {
        const secret = token.slice(VISITOR_PREFIX.length)
        return SECRET.test(secret) ? { user: { id: sha256(secret).slice(0, ID_LENGTH), role: "visitor", name: "" } } : undefined
      }
      if (!token?.startsWith(AGENT_PREFIX)) return undefined
      const found = byHash.get(sha256(token.slice(AGENT_PREFIX.length)))
      return found && { user: { id: found.id, role: "agent", name: found.name }, claims: { role: "agent" } }
    },
  }
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex")
