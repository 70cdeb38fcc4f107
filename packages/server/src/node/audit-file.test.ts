import { generateKeyPairSync } from "node:crypto"
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { memoryStorage, type Storage } from "@magpie/journal"
import { command, contract, json, MagpieError } from "@magpie/protocol"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { anonymous } from "../access/identity.ts"
import type { AuditEvent } from "../commands/audit.ts"
import { auditFile } from "./audit-file.ts"
import type { AuditLine } from "./audit-line.ts"
import { createServer } from "./create-server.ts"
import { verifyAudit } from "./verify-audit.ts"

const app = contract({
  "tools/:name": command({ add: { input: json<readonly number[]>(), output: json<number>() } }),
  "lamp/:id": command({ set: { input: json<boolean>(), output: json<boolean>() } }),
})

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "audit-"))
})
afterEach(() => rmSync(directory, { recursive: true }))

function start(audit = auditFile({ directory }), storage: Storage = memoryStorage()) {
  const runs: unknown[] = []
  const server = createServer(app, { auth: anonymous(), audit, storage, log: () => {} })
  server.channel("tools/:name", {
    authorize: () => true,
    handle: {
      add(numbers) {
        runs.push(numbers)
        return numbers.reduce((sum, each) => sum + each, 0)
      },
    },
  })
  server.channel("lamp/:id", { authorize: () => true })
  return { server, runs, listen: () => server.listen({ port: 0, host: "127.0.0.1" }) }
}

async function read(options: { readonly key?: string; readonly head?: string } = {}) {
  const lines: AuditLine[] = []
  const verdict = await verifyAudit({ directory, ...options, onLine: (line) => lines.push(line) })
  return { ...verdict, all: lines }
}

const files = () => readdirSync(directory).filter((name) => name.endsWith(".jsonl"))
const newest = () => join(directory, files().at(-1) ?? "")
const call = (id: string): AuditEvent => ({
  event: "call",
  channel: "lamp/1",
  command: id,
  name: "set",
  input: "true" as never,
  deadlineMs: 1_000,
})
const end = (id: string): AuditEvent => ({ event: "end", channel: "lamp/1", command: id, state: "done" })

describe("the audit of commands", () => {
  it("[F116] holds who called what and what became of it, in lines that are chained and signed", async () => {
    const { server, listen } = start()
    await listen()
    const tools = server.channel("tools/sum")
    expect(await tools.call("add", [1, 2], { id: "c1", from: "ann" })).toBe(3)
    await expect(tools.call("add", [3], { id: "c1", from: "bob" })).rejects.toMatchObject({ code: "CONFLICT" })
    await server.close({ spreadMs: 0 })
    const { problems, all, lines, signedUpTo } = await read()
    expect([problems, signedUpTo]).toEqual([[], lines])
    expect(all.map(({ event, command, name, from, state, code }) => [event, command, name, from, state, code])).toEqual([
      ["opened", undefined, undefined, undefined, undefined, undefined],
      ["call", "c1", "add", "ann", undefined, undefined],
      ["end", "c1", undefined, undefined, "done", undefined],
      ["call", "c1", "add", "bob", undefined, undefined],
      ["refused", "c1", undefined, "bob", undefined, "CONFLICT"],
    ])
    // What was given is not in it, its checksum is.
    expect(all[1]).toMatchObject({ channel: "tools/sum", inputSha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
  })

  it.each([
    ["changed", (lines: string[]) => lines.splice(2, 1, lines[2]?.replace("lamp/1", "lamp/2") ?? ""), /changed/],
    ["taken out", (lines: string[]) => lines.splice(2, 1), /does not follow/],
    ["put elsewhere", (lines: string[]) => lines.push(...lines.splice(1, 1)), /does not follow/],
    ["said twice", (lines: string[]) => lines.push(lines[2] ?? ""), /does not follow/],
  ])("[F116] shows a line that was %s", async (_how, change, problem) => {
    await write(["a", "b", "c"])
    const lines = readFileSync(newest(), "utf8").trimEnd().split("\n")
    change(lines)
    writeFileSync(newest(), `${lines.join("\n")}\n`)
    const { problems } = await read()
    expect(problems.map((one) => one.problem).join()).toMatch(problem)
  })

  it("[F116] shows lines that were cut from the end to whoever kept the head", async () => {
    await write(["a", "b"])
    const { head } = await read()
    const lines = readFileSync(newest(), "utf8").trimEnd().split("\n")
    writeFileSync(newest(), `${lines.slice(0, -1).join("\n")}\n`)
    expect((await read()).problems).toEqual([])
    expect((await read({ head: String(head) })).problems).toHaveLength(1)
  })

  it("[F116] shows an audit that somebody else has signed", async () => {
    const pair = generateKeyPairSync("ed25519")
    const pem = (key: typeof pair.privateKey, type: "pkcs8" | "spki") => String(key.export({ type: type as "pkcs8", format: "pem" }))
    await write(["a"], { key: pem(pair.privateKey, "pkcs8") })
    expect((await read({ key: pem(pair.publicKey, "spki") })).problems).toEqual([])
    const other = pem(generateKeyPairSync("ed25519").publicKey, "spki")
    expect((await read({ key: other })).problems.map(({ problem }) => problem)).toContain("the signature is not of this key")
  })

  it("goes on where it was after a restart, without the line that was not written to its end", async () => {
    await write(["a"])
    appendFileSync(newest(), '{"n":9,"event":"ca')
    await write(["b"])
    const { problems, all } = await read()
    expect(problems).toEqual([])
    expect(all.map(({ event }) => event)).toEqual(["opened", "call", "end", "opened", "call", "end"])
  })

  it("begins another file where one is long, and knows there what is still to end", async () => {
    const audit = auditFile({ directory, maxFileBytes: 1_000 })
    await audit.open(() => 0)
    await audit.write(call("open"))
    for (let count = 0; count < 9; count++) for (const event of [call(`c${count}`), end(`c${count}`)]) await audit.write(event)
    await audit.close()
    expect(files().length).toBeGreaterThan(3)
    const again = auditFile({ directory, maxFileBytes: 1_000 })
    expect(await again.open(() => 0)).toEqual([{ channel: "lamp/1", command: "open" }])
    await again.close()
    expect((await read()).problems).toEqual([])
  })

  it("is told after a restart what ended while nobody wrote it down", async () => {
    const storage = memoryStorage()
    const { server, listen } = start(undefined, storage)
    await listen()
    await server.channel("tools/sum").call("add", [1], { id: "c1" })
    await server.close({ spreadMs: 0 })
    const lines = readFileSync(newest(), "utf8").trimEnd().split("\n")
    writeFileSync(newest(), `${lines.slice(0, -1).join("\n")}\n`)
    const next = start(undefined, storage.crash())
    await next.listen()
    await next.server.close({ spreadMs: 0 })
    expect((await read()).all.at(-1)).toMatchObject({ event: "end", command: "c1", state: "done" })
  })

  it("[G9] what cannot be written down is not done", async () => {
    const audit = auditFile({ directory })
    const { server, runs, listen } = start({
      ...audit,
      write: (event) => (event.event === "call" ? Promise.reject(new MagpieError("UNAVAILABLE", "the disk is full")) : audit.write(event)),
    })
    await listen()
    await expect(server.channel("tools/sum").call("add", [1])).rejects.toMatchObject({ code: "UNAVAILABLE" })
    expect(runs).toEqual([])
    await server.close({ spreadMs: 0 })
  })

  it("a server does not begin to listen on an audit that was changed", async () => {
    await write(["a"])
    writeFileSync(newest(), readFileSync(newest(), "utf8").replace("lamp/1", "lamp/2"))
    const { server, listen } = start()
    await expect(listen()).rejects.toMatchObject({ code: "UNRECOVERABLE" })
    await server.close({ spreadMs: 0 })
  })

  it.each([{ directory: "" }, { directory: "x", key: "no key" }, { directory: "x", maxFileBytes: 0 }])("refuses %j", (options) => {
    expect(() => auditFile(options)).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS" }))
  })
})

/** An audit of commands that each have ended. */
async function write(ids: readonly string[], options: { readonly key?: string } = {}) {
  const audit = auditFile({ directory, ...options })
  await audit.open(() => 0)
  for (const id of ids) for (const event of [call(id), end(id)]) await audit.write(event)
  await audit.close()
}
