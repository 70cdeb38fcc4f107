import { fakeEnv } from "@magpie/testing"
import { beforeAll, describe, expect, it } from "vitest"
import { DAY_MS, fakeFiles, pairFor } from "./certificate.fixture.ts"
import { type Certificate, openCertificate, type TlsOptions, type TlsPair } from "./certificate.ts"

const FILES = { certFile: "cert", keyFile: "key", checkEveryMs: 1_000 }
const NOW = fakeEnv().clock.now()

let first: TlsPair
let second: TlsPair
let expired: TlsPair
let early: TlsPair
let soon: TlsPair

beforeAll(async () => {
  ;[first, second, expired, early, soon] = (await Promise.all([
    pairFor(90, NOW),
    pairFor(90, NOW),
    pairFor(-0.5, NOW),
    pairFor(90, NOW + 2 * DAY_MS),
    pairFor(10, NOW),
  ])) as [TlsPair, TlsPair, TlsPair, TlsPair, TlsPair]
})

async function open(pair: TlsPair, tls: Partial<TlsOptions> = {}) {
  const { env, files, write } = fakeFiles(pair)
  const used: string[] = []
  const use = ({ cert }: TlsPair): void => void used.push(cert.toString())
  const certificate = await openCertificate({ ...FILES, ...tls } as TlsOptions, { ...env, files, use })
  const swap = ({ cert, key }: TlsPair): void => {
    write("cert", cert)
    write("key", key)
  }
  const events = (): string[] => env.lines.map(({ event }) => event)
  return { certificate, env, clock: env.clock, write, swap, used, events }
}

const close = ({ certificate, clock }: { certificate: Certificate; clock: { readonly pendingTimers: number } }): void => {
  certificate.close()
  expect(clock.pendingTimers).toBe(0)
}

describe("a certificate in files", () => {
  it("[F87] is taken again when the files change, and not before", async () => {
    const opened = await open(first)
    const { certificate, clock, swap, used, events } = opened
    expect(certificate.pair.cert.toString()).toBe(first.cert)
    await clock.advance(60_000)
    expect(used).toEqual([])
    swap(second)
    await clock.advance(1_000)
    expect(used).toEqual([second.cert])
    expect(certificate.pair.key.toString()).toBe(second.key)
    expect(events()).toEqual(["tls-reloaded"])
    await clock.advance(60_000)
    expect(used).toHaveLength(1)
    close(opened)
  })

  it("[F87] is taken at once when somebody asks, also where nothing seems to have changed", async () => {
    const opened = await open(first)
    const { certificate, used, swap } = opened
    await certificate.reload()
    expect(used).toEqual([first.cert])
    swap(second)
    await certificate.reload()
    expect(used).toEqual([first.cert, second.cert])
    close(opened)
  })

  it("[F87] waits for the second file where only one of the two was written yet", async () => {
    const opened = await open(first)
    const { clock, write, used, events } = opened
    write("cert", second.cert)
    await clock.advance(1_000)
    expect([used, events()]).toEqual([[], []])
    write("key", second.key)
    await clock.advance(1_000)
    expect([used, events()]).toEqual([[second.cert], ["tls-reloaded"]])
    close(opened)
  })

  it.each([
    ["a key of another certificate", () => ({ cert: second.cert, key: first.key }), "the key does not fit the certificate"],
    ["an expired one", () => expired, "the certificate has expired"],
    ["one of the day after tomorrow", () => early, "the certificate is not valid yet"],
    ["a certificate that is none", () => ({ cert: "secret-canary", key: second.key }), "the certificate is none in PEM"],
    ["a key that is none", () => ({ cert: second.cert, key: "secret-canary" }), "the key or the chain cannot be used"],
  ])("[F87] stays the old one before %s, with one line in the log", async (_what, bad, why) => {
    const opened = await open(first)
    const { certificate, clock, swap, used, env } = opened
    swap(bad())
    await clock.advance(10_000)
    expect(used).toEqual([])
    expect(certificate.pair.cert.toString()).toBe(first.cert)
    expect(env.lines).toEqual([{ level: "error", event: "tls-rejected", fields: { reason: `tls: ${why}` } }])
    await expect(certificate.reload()).rejects.toMatchObject({ code: "INVALID_OPTIONS", details: { option: "tls" } })
    expect(env.lines).toHaveLength(2)
    expect(JSON.stringify(env.lines)).not.toContain("canary")
    swap(second)
    await clock.advance(1_000)
    expect(used).toEqual([second.cert])
    close(opened)
  })

  it("[F87] stays the old one while a file is gone", async () => {
    const opened = await open(first)
    const { clock, write, used, events } = opened
    write("key", undefined)
    await clock.advance(5_000)
    expect(events()).toEqual(["tls-rejected"])
    write("key", first.key)
    await clock.advance(1_000)
    expect(used).toEqual([first.cert])
    close(opened)
  })

  it("[F87] stays the old one where the server does not take the new one", async () => {
    const { env, files, write } = fakeFiles(first)
    const certificate = await openCertificate(FILES, {
      ...env,
      files,
      use() {
        throw new Error("secret-canary")
      },
    })
    write("cert", second.cert)
    write("key", second.key)
    await env.clock.advance(5_000)
    expect(certificate.pair.cert.toString()).toBe(first.cert)
    expect(env.lines).toMatchObject([{ event: "tls-rejected", fields: { reason: "unreadable" } }])
    close({ certificate, clock: env.clock })
  })

  it("[G12] is no longer looked at once it is closed, also when that was under way", async () => {
    const opened = await open(first)
    const { certificate, clock, swap, used } = opened
    swap(second)
    const reloading = certificate.reload()
    close(opened)
    await reloading
    await clock.advance(60_000)
    expect(used).toEqual([])
    expect(clock.pendingTimers).toBe(0)
  })

  it("[F87] is refused at the start where it cannot be used, and served where it has only expired", async () => {
    await expect(open({ cert: first.cert, key: second.key })).rejects.toMatchObject({ code: "INVALID_OPTIONS" })
    const { env, files, write } = fakeFiles(first)
    write("cert", undefined)
    await expect(openCertificate(FILES, { ...env, files, use() {} })).rejects.toMatchObject({
      code: "INVALID_OPTIONS",
      message: expect.stringContaining("cert cannot be read"),
    })
    const opened = await open(expired)
    expect(opened.env.lines).toMatchObject([{ level: "error", event: "tls-expiring", fields: { days: -1 } }])
    close(opened)
  })
})

describe("the end of a certificate", () => {
  it("[F87] is told ahead, once a day, until there is another one", async () => {
    const opened = await open(soon, { checkEveryMs: 3_600_000 } as Partial<TlsOptions>)
    const { clock, swap, events, env } = opened
    const endsAt = new Date(NOW + 10 * DAY_MS).toISOString()
    expect(env.lines).toEqual([{ level: "error", event: "tls-expiring", fields: { endsAt, days: 10 } }])
    await clock.advance(DAY_MS - 1)
    expect(events()).toHaveLength(1)
    await clock.advance(1)
    expect(env.lines[1]?.fields).toEqual({ endsAt, days: 9 })
    swap(second)
    await clock.advance(3 * DAY_MS)
    expect(events().slice(2)).toEqual(["tls-reloaded"])
    close(opened)
  })

  it("[F87] is told so long ahead as the options say, also of a pair that is no file", async () => {
    const { env } = fakeFiles(first)
    const tls = { ...first, expiryWarningMs: 89 * DAY_MS }
    const certificate = await openCertificate(tls, { ...env, use() {} })
    expect(certificate.pair).toEqual(first)
    expect(env.lines).toEqual([])
    await env.clock.advance(DAY_MS + 3_600_000)
    expect(env.lines.map(({ event }) => event)).toEqual(["tls-expiring"])
    await certificate.reload()
    await expect(openCertificate({ cert: first.cert, key: second.key }, { ...env, use() {} })).rejects.toMatchObject({
      code: "INVALID_OPTIONS",
    })
    close({ certificate, clock: env.clock })
  })
})
