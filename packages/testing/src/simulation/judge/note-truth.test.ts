import { MagpieError } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { createNoteTruth } from "./note-truth.ts"

function setUp(lost = false) {
  const broken: unknown[] = []
  const truth = createNoteTruth({ reached: () => {}, broken: (failure) => broken.push(failure), lost: () => lost })
  for (let number = 1; number <= 3; number++) {
    truth.appending(`c0.1#${number}`, 7)
    truth.appended(`c0.1#${number}`, "e1")
  }
  return { truth, broken }
}

const note = (text: string) => [{ offset: 7, text }]

describe("the judge of messages that change", () => {
  test("takes what was appended once and in order, in its epoch", () => {
    const { truth } = setUp()
    expect(() => truth.check("node-0", "e1", note("c0.1#1 c0.1#2 c0.1#3 "))).not.toThrow()
    expect(() => truth.check("node-0", "e2", note(""))).not.toThrow()
    expect(() => truth.check("node-0", "e1", [])).not.toThrow()
  })

  test.each([
    ["twice", "c0.1#1 c0.1#2 c0.1#2 c0.1#3 ", "twice"],
    ["in another order", "c0.1#2 c0.1#1 c0.1#3 ", "behind"],
    ["not at all", "c0.1#1 c0.1#2 ", "acknowledged"],
    ["by nobody", "c0.1#1 c0.1#2 c0.1#3 c9.9#1 ", "nobody"],
  ])("sees what is there %s", (_how, text, why) => {
    expect(() => setUp().truth.check("node-0", "e1", note(text))).toThrow(why)
  })

  test("sees an older state that is shown after a newer one, unless the log may have lost the newer one", () => {
    const shown = [4, 3].map((version) => [{ offset: 1, mark: "m", changed: { version } }])
    for (const lost of [false, true]) {
      const { truth, broken } = setUp(lost)
      for (const messages of shown) truth.shown("c0.1", "e1", messages)
      expect(broken).toHaveLength(lost ? 0 : 1)
    }
  })

  test("sees a message of which one who reads on is told twice", () => {
    const { truth } = setUp()
    expect(() => truth.checkTold("node-0", [7, 9])).not.toThrow()
    expect(() => truth.checkTold("node-0", [7, 9, 7])).toThrow("note 7")
  })

  test("sees a failure that no fault explains", () => {
    const { truth, broken } = setUp()
    truth.failed("c0.1", new MagpieError("UNAVAILABLE", "later"))
    expect(broken).toEqual([])
    truth.failed("c0.1", new MagpieError("INTERNAL", "a defect"))
    expect(broken).toHaveLength(1)
  })
})
