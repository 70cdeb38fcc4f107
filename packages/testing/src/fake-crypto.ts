import { createHmac } from "node:crypto"
import type { Crypto } from "@magpie/protocol"

/** Real hashing: it is deterministic anyway. */
export const fakeCrypto: Crypto = {
  hmacSha256: (key, data) => createHmac("sha256", key).update(data).digest(),
}
