import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { cpSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { buildSync } from "esbuild"
import { open } from "lmdb"
import { afterEach, describe, expect, test } from "vitest"
import type { Storage } from "../storage/storage.ts"
import { storageConformance } from "../storage/storage-conformance.ts"
import { lmdb } from "./index.ts"

const directories: string[] = []

function emptyDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "magpie-journal-"))
  directories.push(directory)
  return directory
}

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true })
})

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe("LMDB storage", () => {
  storageConformance({
    test,
    create() {
      const directory = emptyDirectory()
      const storage = lmdb({ directory })
      return {
        storage,
        // A copy of the file as it is right after the commit resolved is what a killed process leaves.
        crash(): Storage {
          const copy = emptyDirectory()
          cpSync(join(directory, "data.mdb"), join(copy, "data.mdb"))
          return lmdb({ directory: copy })
        },
      }
    },
  })

  test("says that a commit has reached the disk, and keeps it when opened again", async () => {
    const directory = join(emptyDirectory(), "made", "here")
    const first = lmdb({ directory })
    expect(first.level).toBe("disk")
    expect(statSync(directory).mode & 0o777).toBe(0o700)
    await first.commit([{ put: "a", value: bytes("1") }])
    await first.close()
    const second = lmdb({ directory })
    expect(second.get("a")).toEqual(Buffer.from("1"))
    expect(second.incarnation).toBe(first.incarnation)
    await second.close()
  })

  test("grows beyond the map that it starts with", async () => {
    const storage = lmdb({ directory: emptyDirectory(), mapSizeBytes: 262_144 })
    const value = new Uint8Array(100_000)
    for (let index = 0; index < 20; index++) await storage.commit([{ put: `k${index}`, value }])
    expect([...storage.range({ from: "k", to: "l" })]).toHaveLength(20)
    await storage.close()
  })

  test("shows another incarnation for a copy that was put back, though it got the same inode", async () => {
    const directory = emptyDirectory()
    const backup = join(emptyDirectory(), "backup")
    const path = join(directory, "data.mdb")
    const first = lmdb({ directory })
    await first.close()
    const { ino } = statSync(path)
    cpSync(path, backup, { preserveTimestamps: true })
    for (let attempt = 0; attempt < 50; attempt++) {
      rmSync(path)
      cpSync(backup, path, { preserveTimestamps: true })
      if (statSync(path).ino === ino) break
    }
    const second = lmdb({ directory })
    expect(second.incarnation).not.toBe(first.incarnation)
    await second.close()
  })

  test("shows nothing of a commit that is on disk but has not resolved", async () => {
    const storage = lmdb({ directory: emptyDirectory() })
    await storage.commit([{ put: "first", value: bytes("1") }])
    const commit = storage.commit(Array.from({ length: 20 }, (_, index) => ({ put: `k${index}`, value: bytes("1") })))
    for (let hop = 0; hop < 10; hop++) await Promise.resolve()
    // LMDB's own thread starts at the turn's end; this one is held up, and the promise with it, until the other has written.
    await new Promise((resolve) => setImmediate(resolve))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200)
    expect(storage.get("k1")).toBeUndefined()
    expect([...storage.range({ from: "k", to: "l" })]).toEqual([])
    await commit
    expect(storage.get("k1")).toBeDefined()
    await storage.close()
  })

  test("refuses a key that LMDB cannot hold and stays usable", async () => {
    const storage = lmdb({ directory: emptyDirectory() })
    const writes = [
      { put: "a", value: bytes("1") },
      { put: "k".repeat(3_000), value: bytes("1") },
    ]
    await expect(storage.commit(writes)).rejects.toMatchObject({ code: "TOO_LARGE" })
    expect(storage.get("a")).toBeUndefined()
    await storage.commit([{ put: "b", value: bytes("2") }])
    await storage.close()
  })
})

describe("an LMDB directory", () => {
  test("[F108] is refused to a second storage of the same process, until the first is closed", async () => {
    const directory = emptyDirectory()
    const first = lmdb({ directory })
    expect(() => lmdb({ directory })).toThrow(/^CONFLICT/)
    await first.close()
    await lmdb({ directory }).close()
  })

  test("[F108] is refused while another process holds it, and free at once when that is killed", async () => {
    const directory = emptyDirectory()
    const holder = spawn(process.execPath, [holderScript(), directory], { stdio: ["ignore", "pipe", "inherit"] })
    await once(holder.stdout, "data")
    expect(() => lmdb({ directory })).toThrow(/^CONFLICT/)
    expect(() => lmdb({ directory })).toThrow(`process ${holder.pid}`)
    holder.kill("SIGKILL")
    await once(holder, "exit")
    await lmdb({ directory }).close()
  })

  test("[F108] is refused likewise on a system without the flock program", async () => {
    const directory = emptyDirectory()
    const script = holderScript()
    const env = { PATH: "" }
    const holder = spawn(process.execPath, [script, directory], { env, stdio: ["ignore", "pipe", "inherit"] })
    await once(holder.stdout, "data")
    const refused = spawnSync(process.execPath, [script, directory], { env, encoding: "utf8" })
    expect(refused.stderr).toContain(`CONFLICT: process ${holder.pid} holds the storage`)
    holder.kill("SIGKILL")
    await once(holder, "exit")
    await lmdb({ directory }).close()
  })

  test("[F110] of an unknown format is refused and not touched", async () => {
    const directory = emptyDirectory()
    const path = join(directory, "data.mdb")
    const other = open<Uint8Array, string>({ path, encoding: "binary", overlappingSync: false, keyEncoder: UTF8 })
    await other.put("format", bytes("2 0123456789abcdef"))
    await other.close()
    const before = readFileSync(path)
    expect(() => lmdb({ directory })).toThrow(/^INVALID_OPTIONS: the storage has format 2.*backup/)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test("[F110] with somebody else's LMDB file is refused and not touched", async () => {
    const directory = emptyDirectory()
    const path = join(directory, "data.mdb")
    const other = open<string, string>({ path })
    await other.put("theirs", "1")
    await other.close()
    const before = readFileSync(path)
    expect(() => lmdb({ directory })).toThrow(/^INVALID_OPTIONS/)
    expect(readFileSync(path).equals(before)).toBe(true)
  })

  test("[F110] with a file that is not LMDB's is refused and not touched", () => {
    const directory = emptyDirectory()
    const path = join(directory, "data.mdb")
    writeFileSync(path, "no database".repeat(1_000))
    expect(() => lmdb({ directory })).toThrow(/^UNAVAILABLE.*backup/)
    expect(readFileSync(path, "utf8")).toBe("no database".repeat(1_000))
  })
})

const UTF8 = {
  writeKey: (key: string, target: Buffer, start: number): number => start + target.write(key, start, "utf8"),
  readKey: (source: Buffer, start: number, end: number): string => source.toString("utf8", start, end),
}

/** Opens the directory that it is given and holds it until it is killed. */
function holderScript(): string {
  const script = join(emptyDirectory(), "holder.mjs")
  writeFileSync(script, `${bundledLmdb()}\nlmdb({ directory: process.argv[2] })\nconsole.log("held")\nsetInterval(() => {}, 1000)\n`)
  return script
}

/** The storage as plain JavaScript, for a process of its own. */
function bundledLmdb(): string {
  const entryPoints = [fileURLToPath(new URL("./index.ts", import.meta.url))]
  const conditions = ["magpie-source"]
  const built = buildSync({ entryPoints, conditions, bundle: true, format: "esm", platform: "node", external: ["lmdb"], write: false })
  const lmdbUrl = pathToFileURL(createRequire(import.meta.url).resolve("lmdb")).href
  return (built.outputFiles[0]?.text ?? "").replace('from "lmdb"', `from ${JSON.stringify(lmdbUrl)}`)
}
