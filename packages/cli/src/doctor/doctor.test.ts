import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { anonymous, contract, createServer as createMagpie } from "@magpie/server"
import { generate } from "selfsigned"
import { describe, expect, it } from "vitest"
import { lookAtCertificate } from "./certificate.ts"
import { lookAtClock } from "./clock.ts"
import { lookAtDisk } from "./disk.ts"
import { looked } from "./finding.ts"
import { lookAtNode } from "./node-version.ts"
import { lookAtOpenFiles, openFilesLimit } from "./open-files.ts"
import { lookAtPort } from "./port.ts"

const DAY_MS = 86_400_000

describe("the doctor", () => {
  it.each([
    ["v20.19.0", "ok"],
    ["v22.0.0", "ok"],
    ["v20.18.9", "problem"],
    ["v18.20.0", "problem"],
  ])("takes Node %s for %s", (version, state) => {
    expect(lookAtNode(version).state).toBe(state)
  })

  it("compares the files that may be open with the connections that are wanted", () => {
    expect(lookAtOpenFiles(20_000, 10_000).state).toBe("ok")
    expect(lookAtOpenFiles(Number.POSITIVE_INFINITY, 50_000).state).toBe("ok")
    expect(lookAtOpenFiles(1_024, 1_000)).toMatchObject({ state: "warning", remedy: expect.stringContaining("ulimit -n 1256") })
    expect(lookAtOpenFiles(undefined, 1_000).state).toBe("not checked")
    const limit = openFilesLimit()
    expect(limit === undefined || limit > 0).toBe(true)
  })

  it("sees whether a port is free, taken, or another Magpie's", async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve))
    const { port } = taken.address() as AddressInfo
    const look = (answers: boolean) => lookAtPort({ port, host: "127.0.0.1", answers: async () => answers })
    expect(await look(false)).toMatchObject({ runs: false, finding: { state: "problem", told: expect.stringContaining("taken") } })
    expect(await look(true)).toMatchObject({ runs: true, finding: { state: "ok" } })
    await new Promise((resolve) => taken.close(resolve))
    expect(await look(false)).toMatchObject({ runs: false, finding: { state: "ok" } })
    expect(await lookAtPort({ port: 0, host: "203.0.113.1", answers: async () => false })).toMatchObject({ finding: { state: "problem" } })
  })

  it("reads a certificate: its days, its key", async () => {
    const [one, other] = [
      await generate([{ name: "commonName", value: "one.example" }]),
      await generate([{ name: "commonName", value: "other.example" }]),
    ]
    const now = Date.now()
    const pair = { cert: one.cert, key: one.private }
    expect(lookAtCertificate(undefined, now).state).toBe("not checked")
    expect(lookAtCertificate(pair, now)).toMatchObject({ state: "ok", told: expect.stringContaining("one.example") })
    expect(lookAtCertificate(pair, now + 360 * DAY_MS)).toMatchObject({ state: "warning" })
    expect(lookAtCertificate(pair, now + 400 * DAY_MS)).toMatchObject({ state: "problem", told: expect.stringContaining("ended") })
    expect(lookAtCertificate(pair, now - 30 * DAY_MS)).toMatchObject({ state: "problem", told: expect.stringContaining("only from") })
    expect(lookAtCertificate({ ...pair, key: other.private }, now)).toMatchObject({
      state: "problem",
      told: expect.stringContaining("not the certificate's"),
    })
    const missing = await looked("certificate", () => [lookAtCertificate({ certFile: "nowhere.pem", keyFile: "nowhere.pem" }, now)])
    expect(missing).toMatchObject([{ about: "certificate", state: "problem", told: expect.stringContaining("nowhere.pem") }])
  })

  it("tries the disk and leaves nothing there", () => {
    const directory = mkdtempSync(join(tmpdir(), "magpie-doctor-"))
    let ms = 0
    const quick = lookAtDisk(join(directory, "not", "yet"), () => ms++)
    expect(quick[0]).toMatchObject({ about: "disk", state: "ok", told: expect.stringContaining("1.0 ms") })
    expect(lookAtDisk(directory, () => (ms += 30))[0]).toMatchObject({ state: "warning" })
    expect(quick[1]?.told).toContain("GiB are free")
    expect(readdirSync(directory)).toEqual([])
    rmSync(directory, { recursive: true })
  })

  it("compares its clock with a server's", async () => {
    const server = createMagpie(contract({}), { auth: anonymous(), log: () => {}, limits: { closeMs: 100 } })
    const { url } = await server.listen({ port: 0, host: "127.0.0.1" })
    expect(await lookAtClock({ url, token: undefined, key: undefined })).toMatchObject({
      about: "clock",
      told: expect.stringContaining(url),
    })
    expect(await lookAtClock({ url, token: "wrong", key: undefined })).toMatchObject({
      state: "not checked",
      told: expect.stringContaining("UNAUTHORIZED"),
    })
    expect(await lookAtClock({ url, token: "wrong", key: "wrong as well" })).toMatchObject({
      state: "not checked",
      told: expect.stringContaining("UNAUTHORIZED"),
    })
    expect(await lookAtClock({ url: undefined, token: undefined, key: undefined })).toMatchObject({ state: "not checked" })
    await server.close({ spreadMs: 0 })
  })
})
