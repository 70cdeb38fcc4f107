import { expect, test } from "vitest"
import type { Lanes } from "./lanes.ts"
import { memoryLanes } from "./memory-lanes.ts"
import { openLane } from "./open-lane.ts"

async function filled(lanes: Lanes, number: number, key: string): Promise<void> {
  const lane = await lanes.open(number)
  await lane?.write(new Map([[key, number]]))
  await lane?.close()
}

/** The lanes that are held. */
async function heldOf(lanes: Lanes): Promise<number[]> {
  const held: number[] = []
  for (let number = 0; number < 20; number++) {
    const lane = await lanes.open(number)
    if (lane) await lane.close()
    else held.push(number)
  }
  return held
}

test("takes the first lane of an unused name, and holds no other", async () => {
  const lanes = memoryLanes()
  await openLane(lanes, "message/")
  expect(await heldOf(lanes)).toEqual([0])
})

test("takes what somebody left before what is empty", async () => {
  const lanes = memoryLanes()
  await filled(lanes, 1, "other")
  await filled(lanes, 4, "message/1")
  await filled(lanes, 6, "message/1")
  expect((await openLane(lanes, "message/")).rows.get("message/1")).toBe(4)
  expect((await openLane(lanes, "message/")).rows.get("message/1")).toBe(6)
  expect((await openLane(lanes, "message/")).rows.size).toBe(0)
  expect(await heldOf(lanes)).toEqual([0, 4, 6])
})

test("waits a little for what is held, because its page may be going, and then goes elsewhere", async () => {
  const lanes = memoryLanes()
  await filled(lanes, 2, "message/1")
  const going = await lanes.open(2)
  let pauses = 0
  const pause = async (): Promise<void> => {
    if (++pauses === 2) await going?.close()
  }
  expect((await openLane(lanes, "message/", pause)).rows.get("message/1")).toBe(2)
  expect(pauses).toBe(2)
  await openLane(lanes, "message/", pause)
  expect(pauses).toBe(5)
  expect(await heldOf(lanes)).toEqual([0, 2])
  await openLane(lanes, "nothing/", pause)
  expect(pauses).toBe(5)
})

test("sixteen clients have a lane, and the next one is told so", async () => {
  const lanes = memoryLanes()
  for (let count = 0; count < 16; count++) await openLane(lanes, "")
  await expect(openLane(lanes, "")).rejects.toMatchObject({ code: "LIMIT_EXCEEDED", details: { limit: "lanes", value: 16 } })
})
