import { expect, test } from "vitest"
import { fakeClock } from "../fake-clock.ts"
import { type BlindnessOptions, createBlindness } from "./blindness.ts"
import { createFollowing } from "./judge/following.ts"
import { createLogTruth } from "./judge/log-truth.ts"

const EPOCH = "e1"
const frame = (...offsets: readonly number[]): string =>
  offsets.map((offset) => JSON.stringify({ type: "message", channel: "chat/a", offset })).join("\n")

/** A client that follows a channel with a live link, on which messages get lost. */
function watched() {
  const clock = fakeClock()
  const truth = createLogTruth()
  const following = createFollowing("c0.1", "chat/a", truth)
  following.begin()
  following.live({ epoch: EPOCH, offset: 0 })
  const broken: string[] = []
  const client = { publisher: "c0.1", client: { status: { state: "online" } }, subscriptionTo: () => "live" }
  const blindness = createBlindness({
    clock,
    clients: [client as unknown as BlindnessOptions["clients"][number]],
    judge: { following: () => following, truth, reached: () => {}, broken: (failure) => void broken.push(String(failure)) },
    setup: { latencyMs: 10, jitterMs: 0 },
  })
  const applied = (offset: number) => truth.applied("chat/a", { epoch: EPOCH, offset }, `c1.1#${offset}`, clock.monotonic())
  const given = (offset: number) => following.message({ epoch: EPOCH, offset }, offset, `c1.1#${offset}`)
  return { clock, blindness, applied, given, broken }
}

test("sees a loss on a live link that nobody has noticed for five seconds and a round trip", async () => {
  const { clock, blindness, applied, broken } = watched()
  applied(1)
  blindness.lost(0, frame(1))
  await clock.advance(5_019)
  expect(broken).toEqual([])
  await clock.advance(1)
  expect(broken).toHaveLength(1)
  expect(broken[0]).toMatch(/I7: c0\.1 has not noticed the loss of chat\/a 1/)
})

test("is content where the message came in time, and where something else struck the client meanwhile", async () => {
  const noticed = watched()
  noticed.applied(1)
  noticed.blindness.lost(0, frame(1))
  await noticed.clock.advance(5_000)
  noticed.given(1)
  const struck = watched()
  struck.applied(1)
  struck.blindness.lost(0, frame(1))
  await struck.clock.advance(1_000)
  struck.blindness.disturbed(undefined, 0)
  for (const { clock, broken } of [noticed, struck]) {
    await clock.advance(20_000)
    expect(broken).toEqual([])
  }
})

test("promises nothing of a message that is lost once more when it is read from the log, nor of a page of the log", async () => {
  const { clock, blindness, applied, broken } = watched()
  applied(1)
  applied(2)
  blindness.lost(0, frame(1))
  await clock.advance(2_000)
  blindness.lost(0, frame(1, 2))
  await clock.advance(20_000)
  expect(broken).toEqual([])
})

test("counts from the last loss of a channel: until something comes through, nothing shows the hole", async () => {
  const { clock, blindness, applied, broken } = watched()
  for (const offset of [1, 2, 3]) {
    applied(offset)
    blindness.lost(0, frame(offset))
    await clock.advance(2_000)
  }
  await clock.advance(3_019)
  expect(broken).toEqual([])
  await clock.advance(1)
  expect(broken).toHaveLength(1)
})
