import { isMagpieError } from "@magpie/protocol"
import type { Storage, StorageRow, Write } from "./storage.ts"

export interface StorageUnderTest {
  readonly storage: Storage
  /** Loses what a crash loses and opens the storage again. Absent where the harness cannot, which it declares. */
  readonly crash?: () => Storage | Promise<Storage>
  readonly dispose?: () => void | Promise<void>
}

export interface StorageConformanceOptions {
  /** The runner's way to register a case, such as vitest's `test`. */
  readonly test: (name: string, run: () => Promise<void>) => void
  /** A new, empty storage for each case. */
  readonly create: () => StorageUnderTest | Promise<StorageUnderTest>
}

type Case = readonly [name: string, run: (under: StorageUnderTest) => Promise<void>]

/** What every storage owes its callers, as one suite for all of them. */
export function storageConformance({ test, create }: StorageConformanceOptions): void {
  for (const [name, run] of CASES) {
    test(name, async () => {
      const under = await create()
      try {
        await run(under)
      } finally {
        await under.storage.close()
        await under.dispose?.()
      }
    })
  }
}

const CASES: readonly Case[] = [
  ["gives back what was committed, and nothing for a key without a value", givesBack],
  ["shows a commit only when it resolves, and then the whole of it", hidesUntilResolved],
  ["applies commits in the order of the calls, and the writes of one in theirs", keepsOrder],
  ["removes what a commit removes, also from ranges", removes],
  ["gives a range from its start, included, to its end, not included", boundsRanges],
  ["gives a range in reverse, and at most as many rows as asked for", reversesRanges],
  ["orders keys by their UTF-8 bytes", ordersByBytes],
  ["keeps large and empty values as they are", keepsValues],
  ["does not follow a buffer that its caller writes to after the commit", ownsValues],
  ["keeps a resolved commit through a crash", survivesCrash],
  ["finishes commits under way before it closes, and refuses later ones", closes],
]

async function givesBack({ storage }: StorageUnderTest): Promise<void> {
  await storage.commit([put("a", "1"), put("b", "2"), put("c", "3")])
  equal(read(storage, "a"), "1")
  equal(read(storage, "c"), "3")
  equal(read(storage, "d"), undefined)
  equal(keys(storage.range({ from: "", to: "z" })), "a b c")
}

async function hidesUntilResolved({ storage }: StorageUnderTest): Promise<void> {
  let resolved = false
  const commit = storage.commit([put("a", "1"), put("b", "2")]).then(() => {
    resolved = true
    return `${read(storage, "a")} ${read(storage, "b")}`
  })
  // Awaited below, unless a check before fails; then nobody would hear of it.
  commit.catch(() => {})
  equal(read(storage, "a"), undefined)
  for (let hop = 0; hop < 3; hop++) {
    await Promise.resolve()
    const visible = read(storage, "a") !== undefined
    equal(read(storage, "b") !== undefined, visible)
    if (visible) await soon(() => resolved)
  }
  equal(await commit, "1 2")
}

async function keepsOrder({ storage }: StorageUnderTest): Promise<void> {
  const done: number[] = []
  const commits = Array.from({ length: 20 }, (_, index) =>
    storage.commit([put("a", `${index}`), put("b", "x"), put("b", `${index}`)]).then(() => done.push(index)),
  )
  await Promise.all(commits)
  equal(read(storage, "a"), "19")
  equal(read(storage, "b"), "19")
  equal(done.join(), Array.from({ length: 20 }, (_, index) => index).join())
  await storage.commit([put("c", "1"), { remove: "c" }, put("d", "1"), { remove: "d" }, put("d", "2")])
  equal(read(storage, "c"), undefined)
  equal(read(storage, "d"), "2")
}

async function removes({ storage }: StorageUnderTest): Promise<void> {
  await storage.commit([put("a", "1"), put("b", "2"), put("c", "3")])
  await storage.commit([{ remove: "b" }, { remove: "never there" }])
  equal(read(storage, "b"), undefined)
  equal(keys(storage.range({ from: "a", to: "z" })), "a c")
}

async function boundsRanges({ storage }: StorageUnderTest): Promise<void> {
  await storage.commit(["a", "b", "ba", "c", "d"].map((key) => put(key, key)))
  equal(keys(storage.range({ from: "b", to: "c" })), "b ba")
  equal(keys(storage.range({ from: "aa", to: "ca" })), "b ba c")
  equal(keys(storage.range({ from: "c", to: "c" })), "")
  equal(keys(storage.range({ from: "x", to: "z" })), "")
  for (const { key, value } of storage.range({ from: "a", to: "z" })) equal(textOf(value), key)
}

async function reversesRanges({ storage }: StorageUnderTest): Promise<void> {
  const names = Array.from({ length: 1_500 }, (_, index) => `k${String(index).padStart(4, "0")}`)
  await storage.commit(names.map((name) => put(name, name)))
  equal(keys(storage.range({ from: "k0000", to: "k0005", reverse: true })), "k0004 k0003 k0002 k0001 k0000")
  equal(keys(storage.range({ from: "k0001", to: "k00025", reverse: true })), "k0002 k0001")
  equal(keys(storage.range({ from: "k0100", to: "l", limit: 2 })), "k0100 k0101")
  equal(keys(storage.range({ from: "a", to: "l", reverse: true, limit: 2 })), "k1499 k1498")
  equal([...storage.range({ from: "k", to: "l" })].length, 1_500)
}

async function ordersByBytes({ storage }: StorageUnderTest): Promise<void> {
  const ordered = ["A", "a", "a\u0001", "aa", "b", "é", "鵲", "\uff5e", "😀"]
  for (const key of [...ordered].reverse()) await storage.commit([put(key, key)])
  equal(keys(storage.range({ from: "\u0001", to: "\u{10ffff}" })), ordered.join(" "))
}

async function keepsValues({ storage }: StorageUnderTest): Promise<void> {
  const large = Uint8Array.from({ length: 200_000 }, (_, index) => index % 251)
  await storage.commit([
    { put: "large", value: large },
    { put: "none", value: new Uint8Array(0) },
  ])
  equal(storage.get("none")?.length, 0)
  const stored = storage.get("large")
  equal(stored?.length, large.length)
  equal(
    stored?.findIndex((byte, index) => byte !== large[index]),
    -1,
  )
}

async function ownsValues({ storage }: StorageUnderTest): Promise<void> {
  const value = bytesOf("before")
  await storage.commit([{ put: "a", value }])
  value.fill(0)
  equal(read(storage, "a"), "before")
  const first = storage.get("a")
  await storage.commit([put("a", "behind"), put("b", "2")])
  equal(first && textOf(first), "before")
}

async function survivesCrash(under: StorageUnderTest): Promise<void> {
  if (under.crash === undefined) return
  await under.storage.commit([put("a", "1")])
  await under.storage.commit([put("b", "2"), put("c", "3")])
  const after = await under.crash()
  equal(read(after, "a"), "1")
  equal(read(after, "b"), "2")
  equal(read(after, "c"), "3")
  await after.close()
}

async function closes({ storage }: StorageUnderTest): Promise<void> {
  const settled: string[] = []
  const commit = storage.commit([put("a", "1")]).then(() => settled.push("commit"))
  await storage.close()
  settled.push("close")
  await commit
  equal(settled.join(), "commit,close")
  await storage.close()
  const refused = await storage.commit([put("b", "2")]).then(
    () => undefined,
    (error: unknown) => error,
  )
  equal(isMagpieError(refused) && refused.code, "CLOSED")
}

/** A commit that is about to resolve does so within the turn: some hops of promises, no timer. */
async function soon(fact: () => boolean): Promise<void> {
  for (let hop = 0; hop < 32 && !fact(); hop++) await Promise.resolve()
  equal(fact(), true)
}

function put(key: string, text: string): Write {
  return { put: key, value: bytesOf(text) }
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function read(storage: Storage, key: string): string | undefined {
  const value = storage.get(key)
  return value && textOf(value)
}

function keys(rows: Iterable<StorageRow>): string {
  return Array.from(rows, (row) => row.key).join(" ")
}

function equal(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`)
}
