import { createHmac, randomBytes } from "node:crypto"

/** The variable that carries the run's secret to its processes. */
const VARIABLE = "MAGPIE_CHAOS_SECRET"

/** What servers and users of one run share; drawn by the runner, known to its children, printed nowhere. */
export function secret(): string {
  process.env[VARIABLE] ??= randomBytes(32).toString("base64url")
  return process.env[VARIABLE]
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url")
const HEAD = encode({ alg: "HS256", typ: "JWT" })
const LIFE_SECONDS = 3_600

/** A signed token for a user, good for an hour (RFC 7519). */
export function tokenFor(user: string): string {
  const signed = `${HEAD}.${encode({ sub: user, exp: Math.floor(Date.now() / 1_000) + LIFE_SECONDS })}`
  return `${signed}.${createHmac("sha256", secret()).update(signed).digest("base64url")}`
}
