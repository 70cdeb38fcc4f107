import { fakeEnv } from "@magpie/testing"
import { expect, test } from "vitest"
import { bytesFrom } from "./download.ts"
import { type HttpAnswer, type HttpRequest, S3Client, textOf } from "./s3-client.ts"

const REQUEST_MS = 8_000

/** A client on a clock that stands still, of a network that answers as the test says. */
function bed(send: (request: HttpRequest, signal: AbortSignal) => Promise<HttpAnswer>) {
  const env = fakeEnv()
  const client = new S3Client({ surroundings: { ...env, send }, bucketUrl: "https://host/bucket", requestMs: REQUEST_MS })
  return { clock: env.clock, client }
}

function answer(status: number, pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, end = () => {}): HttpAnswer {
  async function* body(): AsyncGenerator<Uint8Array> {
    yield* pieces
  }
  const headers: Readonly<Record<string, string>> = { "content-range": "bytes 0-9/10" }
  return { status, header: (name) => headers[name], body: body(), end }
}

const list = { method: "GET", key: "", query: { prefix: "a b/&" } } as const
const forever = new Promise<never>(() => {})

test("[F76] a bucket that never answers is given up after three tries, each told to end, within the time that a log waits", async () => {
  const ended: string[] = []
  const { clock, client } = bed(({ url }, signal) => {
    signal.addEventListener("abort", () => ended.push(url))
    return forever
  })
  let failure: unknown
  client.ask(list, textOf).catch((cause: unknown) => {
    failure = cause
  })
  await clock.advance(30_000)
  expect(failure).toMatchObject({ code: "UNAVAILABLE", reason: "the bucket did not answer within 8000 ms" })
  expect(ended).toEqual(Array(3).fill("https://host/bucket/?prefix=a+b%2F%26"))
  expect(clock.pendingTimers).toBe(0)
})

test("[F76] an answer that stands still in its middle is a try that failed", async () => {
  let tries = 0
  const { clock, client } = bed(async () => {
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from("be")
      if (++tries === 1) await forever
      yield Buffer.from("gun")
    }
    return answer(200, body())
  })
  let text: string | undefined
  void client.ask(list, textOf).then((read) => {
    text = read
  })
  await clock.until(() => text !== undefined)
  expect([text, tries]).toEqual(["begun", 2])
})

test("[F76] a download that stands still is ended and asked for again, and given up where it does not move on", async () => {
  const starts: (string | undefined)[] = []
  let ends = 0
  const { clock, client } = bed(async ({ headers }) => {
    starts.push(headers.range)
    async function* body(): AsyncGenerator<Uint8Array> {
      if (starts.length > 1) await forever
      yield Uint8Array.of(1, 2, 3)
      await forever
    }
    const from = Number(headers.range?.match(/\d+/)?.[0])
    return { ...answer(206, body(), () => void ends++), header: () => `bytes ${from}-9/10` }
  })
  const read: number[] = []
  let failure: unknown
  const reading = async (): Promise<void> => {
    for await (const piece of bytesFrom(client, "k", { bytes: Uint8Array.of(), totalBytes: 10, tag: '"t"' }, 0)) read.push(...piece)
  }
  reading().catch((cause: unknown) => {
    failure = cause
  })
  await clock.until(() => failure !== undefined)
  expect(failure).toMatchObject({ code: "UNAVAILABLE" })
  expect(read).toEqual([1, 2, 3])
  expect(starts).toEqual(["bytes=0-", "bytes=3-", "bytes=3-"])
  expect(ends).toBe(starts.length)
  expect(clock.pendingTimers).toBe(0)
})

test("waits longer after each failure", async () => {
  const times: number[] = []
  const { clock, client } = bed(async () => {
    times.push(clock.monotonic())
    return answer(503, [])
  })
  let done = false
  client.ask(list, textOf).catch(() => {
    done = true
  })
  await clock.until(() => done)
  const [first = 0, second = 0, third = 0] = times
  expect(second - first).toBeGreaterThanOrEqual(100)
  expect(second - first).toBeLessThanOrEqual(300)
  expect(third - second).toBeGreaterThanOrEqual(200)
  expect(third - second).toBeLessThanOrEqual(600)
})

test.each([
  ["an answer that never ends", 200, "the bucket's answer is too long"],
  ["a refusal that never ends", 403, "the bucket refused: 403"],
])("[G11] %s is not gathered", async (_, status, reason) => {
  let given = 0
  const { clock, client } = bed(async () => {
    function* endless(): Generator<Uint8Array> {
      for (const piece = new Uint8Array(1_000_000); ; given++) yield piece
    }
    return answer(status, endless())
  })
  let failure: unknown
  client.ask(list, textOf).catch((cause: unknown) => {
    failure = cause
  })
  await clock.until(() => failure !== undefined)
  expect(failure).toMatchObject({ code: "UNAVAILABLE", reason })
  expect(given).toBeLessThan(20)
})
