import { createHash } from "node:crypto"
import { MagpieError } from "@magpie/protocol"
import type { Authenticator, User } from "../access/identity.ts"

export interface ApiKeysOptions<U extends User> {
  /** Which user stands behind each key. Keys have at least 16 characters; they are kept as hashes only. */
  readonly keys: Readonly<Record<string, U>>
}

const MIN_KEY_LENGTH = 16
const MAX_KEY_LENGTH = 512

/**
 * Long-lived keys for back ends and devices. A key is found by its SHA-256, so that the time an answer takes tells nothing
 * about the keys that exist. Fails with INVALID_OPTIONS.
 */
export function apiKeys<U extends User>({ keys }: ApiKeysOptions<U>): Authenticator<U> {
  const users = new Map<string, U>()
  for (const [key, user] of Object.entries(keys)) {
    if (key.length < MIN_KEY_LENGTH) {
      throw new MagpieError("INVALID_OPTIONS", `apiKeys: the key of "${user.id}" has fewer than ${MIN_KEY_LENGTH} characters`, {
        details: { option: "auth" },
      })
    }
    users.set(digest(key), user)
  }
  return {
    authenticate({ key }) {
      if (key === undefined || key.length > MAX_KEY_LENGTH) return undefined
      const user = users.get(digest(key))
      return user === undefined ? undefined : { user }
    },
  }
}

function digest(key: string): string {
  return createHash("sha256").update(key).digest("hex")
}
