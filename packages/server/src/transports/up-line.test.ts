import { describe, expect, it } from "vitest"
import { UpLine } from "./up-line.ts"

function lineUnderTest() {
  const heard: string[] = []
  const answered: number[] = []
  let alive = 0
  const line = new UpLine({ onMessage: (frame) => void heard.push(String(frame)), onAlive: () => void alive++ })
  const take = (number: number, frame = `frame ${number}`) => line.take(number, frame, () => void answered.push(number))
  return { line, heard, answered, take, alive: () => alive }
}

describe("what comes by POST", () => {
  it("[F90] is taken once and in order, and a repetition is answered like the first", () => {
    const { heard, answered, take } = lineUnderTest()
    expect([take(1), take(1), take(2), take(1), take(4), take(3)]).toEqual(["taken", "taken", "taken", "taken", "out-of-order", "taken"])
    expect(heard).toEqual(["frame 1", "frame 2", "frame 3"])
    expect(answered).toEqual([1, 1, 2, 1, 3])
  })

  it("is answered when reading goes on, the newest and its repetitions, one waiting at a time", () => {
    const { line, heard, answered, take } = lineUnderTest()
    take(1)
    line.pause()
    take(2)
    expect([heard.length, answered]).toEqual([2, [1]])
    take(2)
    expect(answered).toEqual([1, 2])
    line.resume()
    expect(answered).toEqual([1, 2, 2])
    line.resume()
    expect(answered).toHaveLength(3)
  })

  it("says under number 0 that its sender is there, or leaves, and nothing else", () => {
    const { heard, answered, take, alive } = lineUnderTest()
    expect([take(0, ""), take(0, "no frame"), take(0, "close")]).toEqual(["taken", "taken", "left"])
    expect([heard, answered, alive()]).toEqual([[], [0, 0, 0], 3])
  })
})
