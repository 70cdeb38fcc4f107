import { createHmac } from "node:crypto"

/** What the benchmark's server and its users share. */
export const SECRET = "a secret of the benchmarks, at least 32 bytes long"

/** What the benchmark's back end has. */
export const API_KEY = "a key of the benchmarks"

const encode = (/** @type {unknown} */ value) => Buffer.from(JSON.stringify(value)).toString("base64url")
const HEAD = encode({ alg: "HS256", typ: "JWT" })

/** A signed token for a user, good for an hour (RFC 7519). */
export function tokenFor(/** @type {string} */ user) {
  const signed = `${HEAD}.${encode({ sub: user, exp: Math.floor(Date.now() / 1_000) + 3_600 })}`
  return `${signed}.${createHmac("sha256", SECRET).update(signed).digest("base64url")}`
}
