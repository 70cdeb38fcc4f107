import { expect, test } from "vitest"
import { fakeClock } from "./fake-clock.ts"
import { seededRandom } from "./seeded-random.ts"
import { createStreamPieces } from "./stream-pieces.ts"

const TEXTS = ["data: 鵲橋\n\n", "a", "event: ping\ndata:\n\n", "🐦".repeat(40), "b".repeat(2_000)]

function reader(seed: string) {
  const clock = fakeClock()
  const random = seededRandom(seed)
  const read: string[] = []
  const pieces = createStreamPieces({ clock, draw: () => random.float(), onText: (text) => read.push(text) })
  return { clock, random, read, pieces }
}

test("a body that is cut and joined keeps its bytes and their order, in the middle of characters too", async () => {
  const sizes = new Set<string>()
  for (let seed = 0; seed < 200; seed++) {
    const { clock, random, read, pieces } = reader(`pieces-${seed}`)
    for (const text of TEXTS) {
      pieces.push(text)
      await clock.advance(random.integer(0, 2))
    }
    pieces.end()
    expect(read.join("")).toBe(TEXTS.join(""))
    for (const piece of read) {
      if (piece.length === 1) sizes.add("single")
      if (!TEXTS.some((text) => text.includes(piece))) sizes.add("joined")
      if (TEXTS.includes(piece)) sizes.add("whole")
    }
    expect(clock.pendingTimers).toBe(0)
  }
  expect([...sizes].sort()).toEqual(["joined", "single", "whole"])
})

test("a body arrives in the end, also when nothing follows it", async () => {
  for (let seed = 0; seed < 50; seed++) {
    const { clock, read, pieces } = reader(`quiet-${seed}`)
    for (const text of TEXTS) pieces.push(text)
    await clock.advance(1_000)
    expect(read.join("")).toBe(TEXTS.join(""))
  }
})

test("what was not read when a link broke is gone, and no timer stays", async () => {
  const { clock, read, pieces } = reader("broken")
  for (const text of TEXTS) pieces.push(text)
  const before = read.length
  pieces.drop()
  await clock.advance(1_000)
  expect(read.length).toBe(before)
  expect(TEXTS.join("").startsWith(read.join(""))).toBe(true)
  expect(clock.pendingTimers).toBe(0)
})

test("without draws everything is read as it was written", () => {
  const read: string[] = []
  const pieces = createStreamPieces({ clock: fakeClock(), draw: undefined, onText: (text) => read.push(text) })
  for (const text of TEXTS) pieces.push(text)
  pieces.end()
  expect(read).toEqual(TEXTS)
})
