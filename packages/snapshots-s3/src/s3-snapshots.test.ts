import { inspect } from "node:util"
import { encodeHead, type Snapshot, type SnapshotStore, snapshotStoreConformance } from "@magpie/journal"
import { afterEach, expect, test } from "vitest"
import { type FakeS3, type Fault, fakeS3, KEYS, REGION } from "./fake-s3.fixture.ts"
import { type S3SnapshotsOptions, s3Snapshots } from "./s3-snapshots.ts"

const opened: FakeS3[] = []
afterEach(async () => {
  await Promise.all(opened.splice(0).map((s3) => s3.close()))
})

async function bed(options: Partial<S3SnapshotsOptions> = {}): Promise<{ readonly s3: FakeS3; readonly store: SnapshotStore }> {
  const s3 = await fakeS3()
  opened.push(s3)
  return { s3, store: s3Snapshots({ bucketUrl: s3.bucketUrl, region: REGION, credentials: KEYS, ...options }) }
}

snapshotStoreConformance({ test, create: async () => (await bed()).store })

const at = (position: number, chunks: Snapshot["chunks"] = [Uint8Array.of(position)]): Snapshot => ({
  ...{ partition: 0, position, mark: 1, hash: "鵲", epoch: "e", chunks },
})
/** Together more than two parts, in no step with them. */
const LARGE = [3_000_000, 0, 4_000_000, 5_500_000, 65_536].map((length, index) => new Uint8Array(length).fill(index + 1))

async function read(found: Snapshot | undefined): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of found?.chunks ?? []) chunks.push(chunk.slice())
  return chunks
}

function same(chunks: readonly Uint8Array[], expected: readonly Uint8Array[]): boolean {
  return chunks.length === expected.length && chunks.every((chunk, index) => Buffer.compare(chunk, expected[index] ?? Buffer.of()) === 0)
}

/** The first try of each request fails. */
function everyOther(fault: Fault): FakeS3["fault"] {
  let asked = 0
  return () => (asked++ % 2 === 0 ? fault : undefined)
}

test("gives what took several parts back as it was, to another process too", async () => {
  const { s3, store } = await bed()
  await store.put(at(1, LARGE))
  expect(s3.asked.filter(({ query }) => query.has("partNumber"))).toHaveLength(3)
  expect(s3.uploads.size).toBe(0)
  const other = s3Snapshots({ bucketUrl: `${s3.bucketUrl}/`, region: REGION, credentials: () => KEYS })
  const found = await other.newest(0, 2)
  expect(found?.hash).toBe("鵲")
  expect(same(await read(found), LARGE)).toBe(true)
})

test("clusters with prefixes of their own share a bucket, and neither sees what is not a snapshot", async () => {
  const { s3, store } = await bed({ prefix: "a/" })
  const other = s3Snapshots({ bucketUrl: s3.bucketUrl, region: REGION, credentials: KEYS, prefix: "b.1-" })
  await store.put(at(5))
  await other.put(at(7))
  for (const name of ["a/0-9.snapshot.part", "a/0-x.snapshot", "a/00", "a/0-8.snapshot/1"]) s3.objects.set(name, Buffer.of(1))
  expect((await store.newest(0, 100))?.position).toBe(5)
  expect((await other.newest(0, 100))?.position).toBe(7)
  await store.remove(0, 100)
  expect([...s3.objects.keys()].filter((name) => /\d\.snapshot$/.test(name))).toEqual(["b.1-0-7.snapshot"])
})

test.each<[string, Fault]>([
  ["503", { status: 503, code: "SlowDown" }],
  ["500", { status: 500, code: "InternalError" }],
  ["400 for a body that came too slowly", { status: 400, code: "RequestTimeout" }],
  ["a connection that breaks", "reset"],
  ["an answer that breaks off", { cutAt: 3 }],
])("[F107] what passes is tried again: %s", async (_, fault) => {
  const { s3, store } = await bed()
  s3.fault = everyOther(fault)
  await store.put(at(1, LARGE))
  s3.fault = everyOther(fault)
  expect(same(await read(await store.newest(0, 2)), LARGE)).toBe(true)
  s3.fault = everyOther(fault)
  await store.remove(0, 2)
  expect(s3.objects.size).toBe(0)
})

test("what does not pass fails with UNAVAILABLE and the store's own word, after three tries", async () => {
  const { s3, store } = await bed()
  s3.fault = () => ({ status: 503, code: "SlowDown" })
  await expect(store.newest(0, 1)).rejects.toMatchObject({
    code: "UNAVAILABLE",
    message: "UNAVAILABLE: the bucket refused: 503 SlowDown",
    details: { status: 503, code: "SlowDown" },
  })
  expect(s3.asked).toHaveLength(3)
  await s3.close()
  await expect(store.newest(0, 1)).rejects.toMatchObject({ message: "UNAVAILABLE: the bucket is out of reach (ECONNREFUSED)" })
})

test.each<[string, Partial<S3SnapshotsOptions>, string]>([
  ["another secret", { credentials: { ...KEYS, secretAccessKey: "another-secret" } }, "SignatureDoesNotMatch"],
  ["another token", { credentials: { ...KEYS, sessionToken: "another-secret" } }, "InvalidToken"],
  ["another region", { region: "eu-test-2" }, "AuthorizationHeaderMalformed"],
])("a refusal for good is not tried again and tells nothing of the credentials: %s", async (_, options, code) => {
  const { s3, store } = await bed(options)
  const failure: unknown = await store.put(at(1)).catch((cause: unknown) => cause)
  expect(failure).toMatchObject({ code: "UNAVAILABLE", details: { code } })
  expect(s3.asked).toHaveLength(1)
  expect(inspect(failure, { depth: 9, showHidden: true })).not.toMatch(/secret|token\/of|AKID|Signature=/)
})

test("credentials are asked for before each request; what goes wrong there is not told", async () => {
  const turns = [KEYS, { ...KEYS, secretAccessKey: "stale" }]
  const { store } = await bed({ credentials: async () => turns[0] ?? KEYS })
  await store.put(at(1))
  turns.shift()
  await expect(store.newest(0, 2)).rejects.toMatchObject({ details: { code: "SignatureDoesNotMatch" } })
  const broken = await bed({
    credentials: () => {
      throw new Error("of the secret 42")
    },
  })
  const failure: unknown = await broken.store.newest(0, 2).catch((cause: unknown) => cause)
  expect(failure).toMatchObject({ code: "UNAVAILABLE", reason: "credentials() gave none" })
  expect(inspect(failure, { depth: 9 })).not.toContain("42")
})

test("[F107] a download that breaks off again and again goes on where it was", async () => {
  const { s3, store } = await bed()
  await store.put(at(1, LARGE))
  const found = await store.newest(0, 2)
  s3.asked.length = 0
  s3.fault = () => ({ cutAt: 4_000_000 })
  expect(same(await read(found), LARGE)).toBe(true)
  const starts = s3.asked.map(({ range }) => Number(/\d+/.exec(range ?? "")?.[0]))
  expect(starts.length).toBeGreaterThan(2)
  expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b))
})

test("a download of what was replaced or removed meanwhile fails instead of mixing two", async () => {
  const { s3, store } = await bed()
  await store.put(at(1, LARGE))
  for (const change of [() => store.put(at(1, [...LARGE, Uint8Array.of(1)])), () => store.remove(0, 2)]) {
    const found = await store.newest(0, 2)
    let cuts = 0
    s3.fault = ({ method }) => (method === "GET" && cuts++ === 0 ? { cutAt: 4_000_000 } : undefined)
    const reading = async (): Promise<void> => {
      let changed = false
      for await (const _ of found?.chunks ?? []) {
        if (!changed) await change()
        changed = true
      }
    }
    await expect(reading()).rejects.toMatchObject({ code: "UNAVAILABLE" })
    s3.fault = () => undefined
  }
})

test("[F107] an object whose first line is damaged counts as not there, and the one before it is given", async () => {
  const { s3, store } = await bed()
  for (const position of [5, 9]) await store.put(at(position))
  const name = "magpie/0-9.snapshot"
  const whole = s3.objects.get(name) ?? Buffer.of()
  const ofAnother = Buffer.from(encodeHead(at(7)))
  for (let byte = 0; byte <= whole.indexOf("\n"); byte++) {
    const damaged = Buffer.from(whole)
    damaged[byte] = (damaged[byte] ?? 0) ^ 1
    s3.objects.set(name, damaged)
    expect((await store.newest(0, 10))?.position, `byte ${byte}`).toBe(5)
  }
  for (const damaged of [Buffer.of(), Buffer.from("\n"), whole.subarray(0, 9), ofAnother]) {
    s3.objects.set(name, damaged)
    expect((await store.newest(0, 10))?.position).toBe(5)
  }
})

test("[F107] a length that no chunk has is refused before anything is gathered for it", async () => {
  const { s3, store } = await bed()
  await store.put(at(1, [Uint8Array.of(1), new Uint8Array(1_000_000)]))
  const bytes = s3.objects.get("magpie/0-1.snapshot") ?? Buffer.of()
  bytes[bytes.indexOf("\n") + 6] = 0xff
  await expect(read(await store.newest(0, 2))).rejects.toMatchObject({ code: "UNRECOVERABLE" })
})

test("an upload that is refused at its end, in a success that says so later, is ended again", async () => {
  const { s3, store } = await bed()
  let ends = 0
  const isEnd = ({ method, query }: { method: string; query: URLSearchParams }) => method === "POST" && query.has("uploadId")
  s3.fault = (asked) => (isEnd(asked) && ends++ === 0 ? { status: 200, code: "InternalError" } : undefined)
  await store.put(at(1, LARGE))
  expect(ends).toBe(2)
  // The end was heeded, and its answer lost: the second try finds no upload any more.
  ends = 0
  s3.fault = (asked) => (isEnd(asked) && ends++ === 0 ? { status: 500, code: "InternalError", afterwards: true } : undefined)
  await store.put(at(2, LARGE))
  expect(same(await read(await store.newest(0, 3)), LARGE)).toBe(true)
})

test("an upload that cannot be ended leaves neither a snapshot nor parts behind", async () => {
  const { s3, store } = await bed()
  s3.fault = ({ query }) => (query.get("partNumber") === "2" ? { status: 403, code: "QuotaExceeded" } : undefined)
  await expect(store.put(at(1, LARGE))).rejects.toMatchObject({ code: "UNAVAILABLE", details: { code: "QuotaExceeded" } })
  function* broken(): Generator<Uint8Array> {
    yield* LARGE
    throw new Error("given up")
  }
  s3.fault = () => undefined
  await expect(store.put(at(1, broken()))).rejects.toThrow("given up")
  expect([s3.objects.size, s3.uploads.size]).toEqual([0, 0])
})

test("an upload that somebody else has ended otherwise is no success", async () => {
  const { s3, store } = await bed()
  s3.fault = ({ method, query }) => {
    if (method === "POST" && query.has("uploadId")) s3.uploads.clear()
    return undefined
  }
  await expect(store.put(at(1, LARGE))).rejects.toMatchObject({ details: { code: "NoSuchUpload" } })
})

test("a store that gives no parts of an object is told apart from a damaged one", async () => {
  const { s3, store } = await bed()
  await store.put(at(1))
  s3.fault = () => "whole"
  const found = await store.newest(0, 2)
  await expect(read(found)).rejects.toMatchObject({ reason: "the bucket does not give parts of an object" })
})

test.each([
  [{ bucketUrl: "bucket" }, "bucketUrl"],
  [{ bucketUrl: "ftp://host/bucket" }, "bucketUrl"],
  [{ bucketUrl: "https://user:password@host/bucket" }, "bucketUrl"],
  [{ bucketUrl: "https://host/bucket?versionId=1" }, "bucketUrl"],
  [{ region: "" }, "region"],
  [{ credentials: { accessKeyId: "a", secretAccessKey: "" } }, "credentials"],
  [{ prefix: "/a" }, "prefix"],
  [{ prefix: "a//b" }, "prefix"],
  [{ prefix: "a/../b" }, "prefix"],
  [{ requestMs: 9_001 }, "requestMs"],
  [{ requestMs: Number.NaN }, "requestMs"],
] as const)("refuses %o and names the option", (options, option) => {
  const create = () => s3Snapshots({ bucketUrl: "https://host/bucket", credentials: KEYS, ...options })
  expect(create).toThrow(expect.objectContaining({ code: "INVALID_OPTIONS", details: { option } }))
})
