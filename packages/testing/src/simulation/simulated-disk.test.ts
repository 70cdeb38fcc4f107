import { storageConformance } from "@magpie/journal"
import { describe, expect, test } from "vitest"
import { fakeClock } from "../fake-clock.ts"
import { seededRandom } from "../seeded-random.ts"
import { createSimulatedDisk } from "./simulated-disk.ts"

const BYTES = new Uint8Array([1])
const ROWS = Array.from({ length: 6 }, (_, index) => `row-${index}`)

function opened(seed = 1) {
  const clock = fakeClock()
  const disk = createSimulatedDisk(seededRandom(seed))
  disk.flushMs = () => 10
  return { clock, disk, storage: disk.open(clock) }
}

/** What a process finds that opens the disk now. */
const found = ({ disk, clock }: Pick<ReturnType<typeof opened>, "disk" | "clock">): string[] =>
  [...disk.open(clock).range({ from: "", to: "z" })].map(({ key }) => key)

test("[F104] a crash keeps what was confirmed, and of what was under way a run from the first", async () => {
  const lengths = new Set<number>()
  for (let seed = 1; seed <= 30; seed++) {
    const world = opened(seed)
    const confirmed: string[] = []
    for (const key of ROWS) void world.storage.commit([{ put: key, value: BYTES }]).then(() => confirmed.push(key))
    await world.clock.advance(25)
    world.disk.crash()
    await world.clock.advance(100)
    const kept = found(world)
    expect(kept).toEqual(ROWS.slice(0, kept.length))
    expect(kept.length).toBeGreaterThanOrEqual(confirmed.length)
    expect(confirmed).toEqual(ROWS.slice(0, 2))
    lengths.add(kept.length)
  }
  expect(lengths.size).toBeGreaterThan(1)
})

test("[F105] after a failed flush the rows may be there or not, and nothing more is taken", async () => {
  const kept = new Set<number>()
  for (let seed = 1; seed <= 20; seed++) {
    const world = opened(seed)
    world.disk.failNextFlush()
    const failed = expect(world.storage.commit([{ put: "a", value: BYTES }])).rejects.toMatchObject({ code: "STORAGE_FENCED" })
    await world.clock.advance(10)
    await failed
    await expect(world.storage.commit([{ put: "b", value: BYTES }])).rejects.toMatchObject({ code: "STORAGE_FENCED" })
    kept.add(found(world).length)
  }
  expect([...kept].sort()).toEqual([0, 1])
})

test("[F106] a full disk refuses and changes nothing until there is space", async () => {
  const world = opened()
  const free = world.disk.fill()
  const refused = expect(world.storage.commit([{ put: "a", value: BYTES }])).rejects.toMatchObject({ code: "UNAVAILABLE" })
  await world.clock.advance(10)
  await refused
  free()
  const stored = world.storage.commit([{ put: "b", value: BYTES }])
  await world.clock.advance(10)
  await stored
  expect(found(world)).toEqual(["b"])
})

test("a copy that is put back is another incarnation with the old content", async () => {
  const world = opened()
  const commit = async (key: string): Promise<void> => {
    const done = world.storage.commit([{ put: key, value: BYTES }])
    await world.clock.advance(10)
    await done
  }
  await commit("a")
  const backup = world.disk.backup()
  await commit("b")
  world.disk.restore(backup)
  await world.clock.settle()
  expect(found(world)).toEqual(["a"])
  expect(world.disk.open(world.clock).incarnation).not.toBe(world.storage.incarnation)
})

describe("every storage's promises", () => {
  storageConformance({
    test,
    create() {
      const disk = createSimulatedDisk(seededRandom(1))
      const clock = { ...fakeClock(), setTimer: atOnce }
      const crash = () => {
        disk.crash()
        return disk.open(clock)
      }
      return { storage: disk.open(clock), crash }
    },
  })
})

function atOnce(_delayMs: number, fire: () => void) {
  void Promise.resolve().then(fire)
  return { cancel: () => {} }
}
