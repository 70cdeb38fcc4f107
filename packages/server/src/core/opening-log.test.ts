import { memoryStorage, openDurableLog } from "@magpie/journal"
import { MagpieError, type Publication } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { openingLog } from "./opening-log.ts"

const settings = { retention: { chat: { maxCount: 10, maxAgeMs: 60_000 } }, deduplicationMs: 86_400_000 }
const message = { channel: "chat", pattern: "chat", name: "say", data: "1" as never }

function setUp() {
  const env = fakeEnv()
  let open = (): void => {}
  let fail = (_error: MagpieError): void => {}
  const gate = new Promise<void>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  const log = openingLog(
    gate.then(() => openDurableLog({ storage: memoryStorage(), env, settings })),
    "memory",
  )
  return { env, log, open: () => open(), fail: (error: MagpieError) => fail(error) }
}

describe("a log that is being opened", () => {
  it("keeps publishes until it is open, in order, and answers UNAVAILABLE to what cannot wait", async () => {
    const { env, log, open } = setUp()
    const published: Publication[] = []
    log.onApplied((publications) => published.push(...publications))
    const outcomes = Promise.all([1, 2, 3].map((offset) => log.publish({ ...message, data: `${offset}` as never })))
    expect(() => log.newest("chat")).toThrowError(expect.objectContaining({ code: "UNAVAILABLE", retryable: true }))
    open()
    await env.clock.advance(1_000)
    expect((await outcomes).map((outcome) => "position" in outcome && outcome.position.offset)).toEqual([1, 2, 3])
    expect(published.map(({ data }) => data)).toEqual(["1", "2", "3"])
    expect(log.newest("chat").offset).toBe(3)
  })

  it("never attaches a listener that was taken away meanwhile", async () => {
    const { env, log, open } = setUp()
    let heard = 0
    log.onApplied(() => heard++)()
    open()
    const outcome = log.publish(message)
    await env.clock.advance(1_000)
    await outcome
    expect(heard).toBe(0)
  })

  it("[G12] that cannot be opened fails what waits for it, and closes", async () => {
    const { log, fail } = setUp()
    const outcome = log.publish(message)
    log.onFenced(() => {})
    fail(new MagpieError("UNAVAILABLE", "no disk"))
    await expect(outcome).rejects.toMatchObject({ code: "UNAVAILABLE" })
    await log.close()
  })
})
