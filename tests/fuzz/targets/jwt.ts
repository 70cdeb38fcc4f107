import { createHmac } from "node:crypto"
import { apiKeys } from "../../../packages/server/src/node/api-keys.ts"
import { jwt } from "../../../packages/server/src/node/jwt.ts"
import { insist, textTarget } from "../target.ts"

const SECRET = "a secret of at least thirty-two bytes"
const NOW_MS = 1_767_225_600_000
const TOLERANCE_MS = 5_000
const API_KEY = "mk_0123456789abcdef"

const clock = { now: () => NOW_MS, monotonic: () => 0, setTimer: () => ({ cancel() {} }), defer() {} }
const auth = jwt({ secret: SECRET, issuer: "https://issuer.example" })
const keys = apiKeys({ keys: { [API_KEY]: { id: "device" } } })

const encode = (part: unknown): string => Buffer.from(JSON.stringify(part)).toString("base64url")
const signatureOf = (input: string): string => createHmac("sha256", SECRET).update(input).digest("base64url")

function signed(header: unknown, payload: unknown): string {
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signatureOf(input)}`
}

const HEADER = { alg: "HS256", typ: "JWT" }
const CLAIMS = { sub: "ann", exp: NOW_MS / 1_000 + 60, iss: "https://issuer.example" }
const PARTS: readonly (readonly [object, object])[] = [
  [HEADER, CLAIMS],
  [HEADER, { ...CLAIMS, nbf: NOW_MS / 1_000 - 10, iat: NOW_MS / 1_000, aud: ["a", "b"], rooms: ["lobby"] }],
  [{ ...HEADER, kid: "k1", crit: ["exp"] }, CLAIMS],
  [{ alg: "none" }, CLAIMS],
  [{ ...HEADER, jwk: { kty: "oct", k: "c2VjcmV0" }, jku: "https://evil.example/keys", x5u: "https://evil.example/x" }, CLAIMS],
  [HEADER, { ...CLAIMS, exp: NOW_MS / 1_000 - 60 }],
]

/** A token as it comes; where the text is a list of two, a token of that header and those claims with a good signature. */
export const tokens = textTarget({
  name: "token",
  share: 6,
  corpus: [...PARTS.map(([header, claims]) => signed(header, claims)), ...PARTS.map((parts) => JSON.stringify(parts)), API_KEY],
  words: ["HS256", "HS512", "RS256", "none", "eyJ", "..", '"alg":', '"sub":', '"exp":', "ann", "1e400"],
  maxLength: 8_192,
  async run(text) {
    const token = forged(text) ?? text
    const identity = await auth.authenticate({ token, key: undefined, address: "", origin: undefined }, clock)
    const byKey = await keys.authenticate({ token: undefined, key: text, address: "", origin: undefined }, clock)
    insist((byKey !== undefined) === (text === API_KEY), "knows a key exactly as it was given out")
    if (identity === undefined) return "refused"
    check(token, identity.expiresAt)
    return `accepted ${identity.user?.id}`
  },
})

function forged(text: string): string | undefined {
  const parts = parsed(text)
  return Array.isArray(parts) && parts.length === 2 ? signed(parts[0], parts[1]) : undefined
}

/** By another way than the one that let it in: the signature, the algorithm, the claims. */
function check(token: string, expiresAt: number | undefined): void {
  const [header = "", payload = "", signature = ""] = token.split(".")
  const { alg } = parsed(Buffer.from(header, "base64url").toString()) as { alg?: unknown }
  const { sub, exp, iss } = parsed(Buffer.from(payload, "base64url").toString()) as { sub?: unknown; exp?: unknown; iss?: unknown }
  const bytes = Buffer.from(signature, "base64url")
  insist(alg === "HS256" && bytes.equals(Buffer.from(signatureOf(`${header}.${payload}`), "base64url")), "takes what the secret has signed")
  insist(typeof sub === "string" && sub !== "" && iss === CLAIMS.iss, "takes a token with a subject, of the issuer")
  insist(typeof exp === "number" && exp * 1_000 + TOLERANCE_MS > NOW_MS, "takes no token that has expired")
  insist(expiresAt === exp * 1_000 + TOLERANCE_MS, "lets a token end when it says")
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
