import { createHmac, generateKeyPairSync } from "node:crypto"
import { fakeClock } from "@magpie/testing"
import { base64url, exportJWK, SignJWT } from "jose"
import { describe, expect, it } from "vitest"
import type { Authenticator, User } from "../access/identity.ts"
import { jwt } from "./jwt.ts"

const secret = "a secret of at least thirty-two bytes"
const NEW_SECRET = "another secret of at least thirty-two bytes"
const clock = fakeClock()
const now = Math.floor(clock.now() / 1_000)
const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 })
const pem = publicKey.export({ type: "spki", format: "pem" }).toString()

const authenticate = <U extends User>(auth: Authenticator<U>, token: string) =>
  auth.authenticate({ token, key: undefined, address: "192.0.2.1", origin: undefined }, clock)

function sign(
  claims: Record<string, unknown> = {},
  key: string | typeof privateKey = secret,
  header: Record<string, unknown> = {},
): Promise<string> {
  const alg = typeof key === "string" ? "HS256" : "RS256"
  return new SignJWT({ sub: "ann", exp: now + 60, ...claims })
    .setProtectedHeader({ alg, ...header })
    .sign(typeof key === "string" ? new TextEncoder().encode(key) : key)
}

/** A token put together by hand, as an attacker does. */
function forge(header: unknown, claims: unknown, signature = ""): string {
  const part = (value: unknown): string => base64url.encode(JSON.stringify(value))
  return `${part(header)}.${part(claims)}.${signature}`
}

describe("jwt", () => {
  it("accepts a valid token and tells user and expiry", async () => {
    const auth = jwt({ secret, user: ({ sub, role }) => ({ id: sub, role: String(role) }) })
    expect(await authenticate(auth, await sign({ role: "host" }))).toEqual({
      user: { id: "ann", role: "host" },
      expiresAt: (now + 65) * 1_000,
      claims: { sub: "ann", role: "host", exp: now + 60 },
    })
    expect(await authenticate(jwt({ publicKey: pem }), await sign({}, privateKey))).toMatchObject({ user: { id: "ann" } })
  })

  it("[F35] tells what a token can be revoked by", async () => {
    const claims = { iat: now - 10, jti: "t-1", org: "acme" }
    expect(await authenticate(jwt({ secret }), await sign(claims))).toMatchObject({ issuedAt: (now - 10) * 1_000, token: "t-1", claims })
    const odd = await authenticate(jwt({ secret }), await sign({ jti: 7 }))
    expect([odd?.issuedAt, odd?.token]).toEqual([undefined, undefined])
  })

  it("[F36] tries each key of a set that a token without a name may be of", async () => {
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 })
    const keys = [await exportJWK(other.publicKey), await exportJWK(publicKey)]
    const auth = jwt({ jwks: { keys } })
    expect(await authenticate(auth, await sign({}, privateKey))).toBeDefined()
    expect(await authenticate(auth, await sign({ exp: now - 6 }, privateKey))).toBeUndefined()
    const stranger = generateKeyPairSync("rsa", { modulusLength: 2048 })
    expect(await authenticate(auth, await sign({}, stranger.privateKey))).toBeUndefined()
  })

  it("[F31] refuses alg none, and HS256 signed with the public key", async () => {
    const claims = { sub: "ann", exp: now + 60 }
    for (const alg of ["none", "None", "NONE"]) {
      expect(await authenticate(jwt({ secret }), forge({ alg }, claims))).toBeUndefined()
      expect(await authenticate(jwt({ publicKey: pem }), forge({ alg }, claims))).toBeUndefined()
    }
    const unsigned = forge({ alg: "HS256" }, claims).slice(0, -1)
    const confused = `${unsigned}.${createHmac("sha256", pem).update(unsigned).digest("base64url")}`
    expect(await authenticate(jwt({ publicKey: pem }), confused)).toBeUndefined()
  })

  it("[F31] never follows what a token says about its own key", async () => {
    const own = await exportJWK(publicKey)
    const headers = [
      { crit: ["x-unknown"], "x-unknown": 1 },
      { jku: "http://127.0.0.1:1/keys" },
      { x5u: "http://127.0.0.1:1/cert" },
      { jwk: own },
      { kid: "../../etc/passwd" },
      { kid: "' OR 1=1 --" },
      { kid: "k".repeat(10_000) },
    ]
    for (const header of headers) {
      const token = forge({ alg: "RS256", ...header }, { sub: "ann", exp: now + 60 }, "AAAA")
      expect(await authenticate(jwt({ secret }), token)).toBeUndefined()
      expect(await authenticate(jwt({ jwks: { keys: [{ ...own, kid: "right", alg: "RS256" }] } }), token)).toBeUndefined()
    }
  })

  it("[F32] refuses what is expired, not yet valid, meant for others or says nobody", async () => {
    const auth = jwt({ secret, issuer: "https://issuer.example", audience: "magpie" })
    const right = { iss: "https://issuer.example", aud: "magpie" }
    expect(await authenticate(auth, await sign(right))).toBeDefined()
    const wrong = [
      { ...right, exp: now - 6 },
      { ...right, nbf: now + 6 },
      { ...right, aud: "other" },
      { ...right, iss: "https://evil.example" },
      { ...right, sub: undefined },
      { ...right, sub: "" },
      { ...right, exp: undefined },
    ]
    for (const claims of wrong) expect(await authenticate(auth, await sign(claims))).toBeUndefined()
  })

  it("[F32] allows clocks to differ a little", async () => {
    expect(await authenticate(jwt({ secret }), await sign({ exp: now - 4 }))).toBeDefined()
    expect(await authenticate(jwt({ secret, clockToleranceMs: 0 }), await sign({ exp: now - 1 }))).toBeUndefined()
  })

  it("[F36] accepts every key of a set and none that was taken out", async () => {
    const next = generateKeyPairSync("rsa", { modulusLength: 2048 })
    const keys = [
      { ...(await exportJWK(publicKey)), kid: "old", alg: "RS256" },
      { ...(await exportJWK(next.publicKey)), kid: "new", alg: "RS256" },
    ]
    const old = await sign({}, privateKey, { kid: "old" })
    const fresh = await sign({}, next.privateKey, { kid: "new" })
    const both = jwt({ jwks: { keys } })
    expect(await Promise.all([old, fresh].map((token) => authenticate(both, token)))).toEqual([expect.anything(), expect.anything()])
    const rotated = jwt({ jwks: { keys: keys.slice(1) } })
    expect(await authenticate(rotated, old)).toBeUndefined()
    expect(await authenticate(rotated, fresh)).toBeDefined()
  })

  it.each([
    {},
    { secret: "short" },
    { secret, publicKey: pem },
    { publicKey: "no pem" },
    { jwks: { keys: 7 } as never },
    { jwks: "no address" },
    { jwks: "http://keys.example/jwks.json" },
    { jwks: "https://ann:secret@keys.example/jwks.json" },
    { jwks: "file:///etc/passwd" },
    { jwks: "https://keys.example/", keySet: { cooldownMs: 0 } },
    { jwks: "https://keys.example/", keySet: { maxBytes: Number.NaN } },
  ])("refuses bad options %#", (options) => {
    expect(() => jwt(options)).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }))
  })

  it("[F87] takes tokens of each secret of a list, and of no other", async () => {
    const auth = jwt({ secret: [NEW_SECRET, new TextEncoder().encode(secret)] })
    for (const key of [secret, NEW_SECRET]) expect(await authenticate(auth, await sign({}, key))).toMatchObject({ user: { id: "ann" } })
    expect(await authenticate(auth, await sign({}, `${secret}!`))).toBeUndefined()
    expect(await authenticate(auth, await sign({ exp: now - 6 }))).toBeUndefined()
    for (const wrong of [[], [secret, "short"], ["short", secret]])
      expect(() => jwt({ secret: wrong })).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }))
  })

  it("[F87] takes a new secret beside the old one, and the old one no longer, without being made anew", async () => {
    let secrets: readonly string[] | string = secret
    const auth = jwt({ secret: () => secrets })
    const [old, fresh] = [await sign(), await sign({}, NEW_SECRET)]
    const holds = async (): Promise<readonly boolean[]> => [
      (await authenticate(auth, old)) !== undefined,
      (await authenticate(auth, fresh)) !== undefined,
    ]
    expect(await holds()).toEqual([true, false])
    secrets = [NEW_SECRET, secret]
    expect(await holds()).toEqual([true, true])
    secrets = "short"
    expect(await holds()).toEqual([true, true])
    secrets = NEW_SECRET
    expect(await holds()).toEqual([false, true])
  })
})
