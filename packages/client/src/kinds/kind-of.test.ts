import { broadcast, contract, stream } from "@magpie/protocol"
import fc from "fast-check"
import { expect, test } from "vitest"
import { kindOf } from "./kind-of.ts"

test("fixed text wins over a parameter, from the left, whatever the order of the patterns", () => {
  const patterns: [string, string][] = [
    [":a/:b", "neither"],
    [":a/lobby", "second"],
    ["chat/:room", "first"],
    ["chat/lobby", "both"],
    ["chat", "short"],
  ]
  for (const channels of [new Map(patterns), new Map(patterns.toReversed())]) {
    const names = ["chat/lobby", "chat/x", "x/lobby", "x/y", "chat", "chat/x/y", "x", ""]
    expect(names.map((name) => kindOf(channels, name))).toEqual([
      "both",
      "first",
      "second",
      "neither",
      "short",
      undefined,
      undefined,
      undefined,
    ])
  }
})

test("text that means something elsewhere is only text here", () => {
  expect(kindOf(new Map([["a.c", "dots"]]), "abc")).toBeUndefined()
  expect(kindOf(new Map([["__proto__/:x", "odd"]]), "__proto__/y")).toBe("odd")
})

test("finds what the contract finds", () => {
  const part = fc.constantFrom("a", "b", ":x", ":y")
  const pattern = fc.uniqueArray(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"))
  const patterns = fc.uniqueArray(pattern, { minLength: 1, maxLength: 6, selector: (source) => source.replaceAll(/:[xy]/g, ":") })
  const name = fc.array(fc.constantFrom("a", "b", "c"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"))
  fc.assert(
    fc.property(patterns, name, (sources, channel) => {
      const kinds = sources.map((source, index) => [source, index % 2 ? stream({ messages: {} }) : broadcast({ messages: {} })] as const)
      const agreed = contract(Object.fromEntries(kinds))
      const told = new Map(kinds.map(([source, { kind }]) => [source, kind]))
      let expected: string | undefined
      try {
        expected = agreed.match(channel).kind.kind
      } catch {}
      expect(kindOf(told, channel)).toBe(expected)
    }),
    { seed: 20260101, numRuns: 1_000 },
  )
})
