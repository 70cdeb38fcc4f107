import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { fakeEnv } from "@magpie/testing"
import { exportJWK, SignJWT } from "jose"
import { afterEach, describe, expect, it } from "vitest"
import { jwt, type KeySetOptions } from "./jwt.ts"

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

const pair = () => generateKeyPairSync("ec", { namedCurve: "P-256" })
const env = fakeEnv()
const now = Math.floor(env.clock.now() / 1_000)
const sign = (privateKey: KeyObject, kid: string | undefined, alg = "ES256"): Promise<string> =>
  new SignJWT({ sub: "ann", exp: now + 3_600 }).setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }) }).sign(privateKey)

/** A key set on a real port, whose answers a test chooses. */
async function serveKeys() {
  const served = { keys: [] as object[], requests: 0, answer: undefined as ((response: ServerResponse) => void) | undefined }
  const http = createServer((_request, response) => {
    served.requests += 1
    if (served.answer !== undefined) return served.answer(response)
    response.end(JSON.stringify({ keys: served.keys }))
  })
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve))
  closers.push(
    () =>
      new Promise((resolve) => {
        http.closeAllConnections()
        http.close(() => resolve())
      }),
  )
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/.well-known/jwks.json`
  return { served, http, url }
}

const publicJwk = async (key: KeyObject, kid: string) => ({ ...(await exportJWK(key)), kid, alg: "ES256", use: "sig" })

function authenticator(url: string, keySet: KeySetOptions = {}) {
  const { clock, log, lines } = fakeEnv()
  const auth = jwt({ jwks: url, keySet })
  return {
    clock,
    lines,
    async check(token: string): Promise<unknown> {
      try {
        const identity = await auth.authenticate({ token, key: undefined, address: "192.0.2.1", origin: undefined }, clock, log)
        return identity?.user?.id
      } catch (failure) {
        return (failure as { code: string }).code
      }
    },
  }
}

describe("jwt with the address of a key set", () => {
  it("[F36] rejects nobody falsely through a rotation of a thousand checks, and takes no removed key after its grace", async () => {
    const { served, url } = await serveKeys()
    const [first, second] = [pair(), pair()]
    served.keys = [await publicJwk(first.publicKey, "1")]
    const { clock, check } = authenticator(url, { cooldownMs: 1_000, graceMs: 60_000, refreshMs: 600_000 })
    const [old, fresh] = [await sign(first.privateKey, "1"), await sign(second.privateKey, "2")]
    const times = (count: number, token: string) => Promise.all(Array.from({ length: count }, () => check(token)))
    expect(new Set(await times(250, old))).toEqual(new Set(["ann"]))
    await clock.advance(2_000)
    served.keys = [await publicJwk(second.publicKey, "2")]
    expect(new Set((await Promise.all([times(250, old), times(250, fresh)])).flat())).toEqual(new Set(["ann"]))
    await clock.advance(59_000)
    expect(new Set((await Promise.all([times(125, old), times(125, fresh)])).flat())).toEqual(new Set(["ann"]))
    await clock.advance(1_001)
    expect(await times(10, old)).toEqual(Array(10).fill(undefined))
    expect(await check(fresh)).toBe("ann")
    // The first, the rotation, and one for a key that is gone.
    expect(served.requests).toBe(3)
  })

  it("[F31] looks at the address for a well-formed token only, and never elsewhere", async () => {
    const { served, url } = await serveKeys()
    const { publicKey, privateKey } = pair()
    served.keys = [await publicJwk(publicKey, "1")]
    const { check } = authenticator(url)
    for (const token of ["", "a.b.c", "x".repeat(100)]) expect(await check(token)).toBeUndefined()
    const [, claims, signature] = (await sign(privateKey, "1")).split(".")
    for (const header of [{ alg: "none" }, { alg: "HS256", kid: "1" }, { alg: "ES256", kid: "1", crit: ["x"], x: 1 }]) {
      const forged = [Buffer.from(JSON.stringify(header)).toString("base64url"), claims, signature].join(".")
      expect(await check(forged)).toBeUndefined()
    }
    expect(served.requests).toBe(0)
    expect(await check(await sign(privateKey, "k".repeat(10_000)))).toBeUndefined()
    expect(await check(await sign(privateKey, "1"))).toBe("ann")
    expect(await check(await sign(privateKey, undefined))).toBe("ann")
    expect(served.requests).toBe(1)
  })

  it("[F36] neither takes nor refuses anybody while there never were keys", async () => {
    const { served, url } = await serveKeys()
    const { publicKey, privateKey } = pair()
    const token = await sign(privateKey, "1")
    served.keys = [await publicJwk(publicKey, "1")]
    const { clock, check, lines } = authenticator(url, { cooldownMs: 1_000, timeoutMs: 60_000, maxBytes: 2_000 })
    const answers: ((response: ServerResponse) => void)[] = [
      (response) => response.writeHead(500).end("secret-canary"),
      (response) => response.writeHead(302, { Location: `${url}?elsewhere` }).end(),
      (response) => response.end("no JSON: secret-canary"),
      (response) => response.end("[]"),
      (response) => response.end(`${" ".repeat(2_000)}{}`),
      (response) => response.destroy(),
      (response) => response.write("{", () => response.destroy()),
    ]
    for (const answer of answers) {
      served.answer = answer
      expect(await check(token)).toBe("UNAVAILABLE")
      await clock.advance(1_000)
    }
    expect(lines.map(({ event }) => event)).toEqual(answers.map(() => "jwks-failed"))
    expect(JSON.stringify(lines)).not.toContain("canary")
    served.answer = undefined
    expect(await check(token)).toBe("ann")
  })

  it("[F36] waits for no answer longer than its time", async () => {
    const { served, url } = await serveKeys()
    served.answer = () => {}
    const { check, lines } = authenticator(url, { timeoutMs: 20 })
    expect(await check(await sign(pair().privateKey, "1"))).toBe("UNAVAILABLE")
    expect(lines).toMatchObject([{ fields: { failure: expect.stringContaining("did not answer in time") } }])
  })

  it("[G12] leaves no connection open", async () => {
    const { served, http, url } = await serveKeys()
    const { publicKey, privateKey } = pair()
    served.keys = [await publicJwk(publicKey, "1")]
    const { check } = authenticator(url)
    expect(await check(await sign(privateKey, "1"))).toBe("ann")
    await new Promise<void>((resolve) => http.close(() => resolve()))
  })
})
