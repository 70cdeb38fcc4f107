import type { Log } from "@magpie/protocol"
import { describe, expect, it } from "vitest"
import { createChanging, isSameList } from "./changing.ts"

const read = (value: string): string => {
  if (value.length < 3) throw new Error(`too short: ${value}`)
  return value.toUpperCase()
}

function begin(first: string) {
  const world = { now: first as string | (() => never), reads: 0 }
  const lines: unknown[] = []
  const log: Log = (level, event, fields) => void lines.push({ level, event, ...fields })
  const given = (): string => (typeof world.now === "function" ? world.now() : world.now)
  const counted = (value: string): string => {
    world.reads++
    return read(value)
  }
  const current = createChanging(given, { secret: "test", read: counted })
  return { world, lines, current: () => current(log) }
}

describe("a secret that may change", () => {
  it("[F87] is read again when it is another one, and not before", () => {
    const { world, current } = begin("one")
    expect([current(), current(), world.reads]).toEqual(["ONE", "ONE", 1])
    world.now = "two"
    expect([current(), current(), world.reads]).toEqual(["TWO", "TWO", 2])
  })

  it("[F87] stays the old one before one that cannot be used or had, with one line that does not tell it", () => {
    const { world, lines, current } = begin("one")
    world.now = "x"
    expect([current(), current(), world.reads]).toEqual(["ONE", "ONE", 2])
    world.now = () => {
      throw new Error("canary")
    }
    expect(current()).toBe("ONE")
    expect(lines).toEqual([{ level: "error", event: "secret-unusable", secret: "test", failure: "Error", at: expect.any(String) }])
    world.now = "two"
    expect(current()).toBe("TWO")
    world.now = "y"
    expect(current()).toBe("TWO")
    expect(lines).toHaveLength(2)
    expect(JSON.stringify(lines)).not.toContain("canary")
  })

  it("is refused at the start, and one that is no function is read once", () => {
    expect(() => createChanging(() => "x", { secret: "test", read })).toThrow("too short")
    expect(() => createChanging("x", { secret: "test", read })).toThrow("too short")
    expect(createChanging("one", { secret: "test", read })()).toBe("ONE")
  })

  it("is the same list where the same is in it", () => {
    const key = new Uint8Array(32)
    expect([isSameList("a", ["a"]), isSameList(["a", key], ["a", key])]).toEqual([true, true])
    expect([isSameList(["a", "b"], ["b", "a"]), isSameList(["a"], ["a", "b"]), isSameList("a", "b")]).toEqual([false, false, false])
  })
})
