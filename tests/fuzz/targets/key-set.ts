import { createPrivateKey, sign } from "node:crypto"
import { isMagpieError } from "@magpie/protocol"
import { createRemoteKeys } from "../../../packages/server/src/access/remote-keys.ts"
import { jwt } from "../../../packages/server/src/node/jwt.ts"
import { insist, textTarget } from "../target.ts"

const NOW_MS = 1_767_225_600_000
const clock = { now: () => NOW_MS, monotonic: () => 1_000_000, setTimer: () => ({ cancel() {} }), defer() {} }

/** The key of RFC 7515, appendix A.3. */
const PUBLIC = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
const KEY = createPrivateKey({ key: { ...PUBLIC, d: "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI" }, format: "jwk" })

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url")
const signed = `${encode({ alg: "ES256", kid: "k1" })}.${encode({ sub: "ann", exp: NOW_MS / 1_000 + 60 })}`
const TOKEN = `${signed}.${sign("sha256", Buffer.from(signed), { key: KEY, dsaEncoding: "ieee-p1363" }).toString("base64url")}`

/** What a provider of identities answers with its keys: none, or the keys that it says; a token is let in by its own alone. */
export const keySet = textTarget({
  name: "key-set",
  share: 4,
  corpus: [
    { keys: [{ ...PUBLIC, kid: "k1", alg: "ES256", use: "sig" }] },
    { keys: [{ ...PUBLIC, kid: "k2" }, { ...PUBLIC, kid: "k1" }, PUBLIC] },
    {
      keys: [
        { kty: "RSA", n: "AQAB", e: "AQAB", kid: "k1" },
        { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" },
      ],
    },
    { keys: [] },
  ].map((set) => JSON.stringify(set)),
  words: [
    '"keys":',
    '"kid":"k1"',
    '"kty":"RSA"',
    '"kty":"oct"',
    '"crv":"P-384"',
    '"use":"enc"',
    '"key_ops":["sign"]',
    '"alg":"none"',
    PUBLIC.x,
  ],
  maxLength: 262_144,
  async run(text) {
    const lines: string[] = []
    const remote = createRemoteKeys(async () => JSON.parse(text))
    const keys = await remote
      .find("k1", clock, (_level, line) => lines.push(line))
      .catch((thrown) => {
        insist(isMagpieError(thrown) && thrown.code === "UNAVAILABLE", `has keys, or knows that it has none (${thrown})`)
        return undefined
      })
    if (keys === undefined) return `unavailable ${lines}`
    insist(
      keys.every((key) => key.kid === "k1"),
      "finds keys of the name that was asked for",
    )
    const identity = await authenticatorOf(keys)?.authenticate({ token: TOKEN, key: undefined, address: "", origin: undefined }, clock)
    insist(identity === undefined || keys.some(isOwn), "lets a token in by its own key alone")
    return identity === undefined ? `keys ${keys.length}` : `accepted ${keys.length}`
  },
})

/** Readers of base64 pass over what is none. */
function isOwn({ x, y }: Readonly<Record<string, unknown>>): boolean {
  const same = (value: unknown, own: string): boolean => Buffer.from(String(value), "base64url").equals(Buffer.from(own, "base64url"))
  return same(x, PUBLIC.x) && same(y, PUBLIC.y)
}

/** Undefined where they are no key set to anybody. */
function authenticatorOf(keys: readonly object[]): ReturnType<typeof jwt> | undefined {
  try {
    return jwt({ jwks: { keys: keys as never[] } })
  } catch (thrown) {
    insist(isMagpieError(thrown) && thrown.code === "INVALID_OPTIONS", `refuses a key set by its code (${thrown})`)
    return undefined
  }
}
