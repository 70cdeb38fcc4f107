import type { DurableLog } from "@magpie/journal"
import { type CommandState, MagpieError } from "@magpie/protocol"
import { describe, expect, test } from "vitest"
import { createCommandTruth } from "./command-truth.ts"

function setUp(lost = false) {
  const broken: unknown[] = []
  const truth = createCommandTruth({ reached: () => {}, broken: (failure) => broken.push(failure), lost: () => lost })
  truth.called("a")
  return { truth, broken }
}

const logOf = (state: CommandState | undefined): DurableLog => ({ command: () => state && { state } }) as unknown as DurableLog

describe("the judge of commands", () => {
  test("takes what was called, done once and told so to everybody", () => {
    const { truth, broken } = setUp()
    truth.effect("a", "c0.1")
    truth.told("c1.1", "a", "progress")
    truth.told("c1.1", "a", "done")
    truth.ended("c2.1", "a", "done")
    expect(() => truth.check("node-0", logOf("done"))).not.toThrow()
    expect(() => truth.check("node-0", logOf(undefined))).not.toThrow()
    expect(broken).toEqual([])
  })

  test.each<[string, (its: ReturnType<typeof createCommandTruth>) => void, string]>([
    ["what nobody called", (its) => its.effect("b", "c0.1"), "nobody called"],
    ["what is done twice", (its) => its.effect("a", "c0.2"), "which c0.1 has done"],
    [
      "what has two ends",
      (its) => {
        for (const end of ["done", "failed"] as const) its.told("c1.1", "a", end)
      },
      "it had ended done",
    ],
    ["what expired and was done", (its) => its.ended("c1.1", "a", "expired"), "has done it"],
  ])("sees %s", (_what, happen, why) => {
    const { truth, broken } = setUp()
    truth.effect("a", "c0.1")
    happen(truth)
    expect(String(broken)).toContain(why)
  })

  test("sees what was done after its end, and what nobody did", () => {
    const { truth, broken } = setUp()
    truth.ended("c1.1", "a", "cancelled")
    truth.effect("a", "c0.1")
    expect(String(broken)).toContain("had ended cancelled")
    truth.ended("c1.1", "other", "done")
    expect(String(broken)).toContain("nobody has done it")
  })

  test("sees a node that holds another end, unless the log may have lost it", () => {
    for (const lost of [false, true]) {
      const { truth } = setUp(lost)
      truth.ended("c1.1", "a", "expired")
      const check = () => truth.check("node-0", logOf("indeterminate"))
      if (lost) expect(check).not.toThrow()
      else expect(check).toThrow("had ended expired")
    }
  })

  test("sees a failure that no fault explains", () => {
    const { truth, broken } = setUp()
    for (const code of ["UNAVAILABLE", "STORAGE_FENCED"] as const) truth.failed("c1.1", new MagpieError(code, "later"))
    expect(broken).toEqual([])
    truth.failed("c1.1", new MagpieError("INTERNAL", "a defect"))
    expect(broken).toHaveLength(1)
  })
})
