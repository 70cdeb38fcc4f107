import { readFileSync } from "node:fs"
import { expect, it } from "vitest"
import { jsonCodec } from "../codec/json.ts"
import { PROTOCOL_VERSION } from "../version.ts"
import { DOWN_SHAPES, parseDown } from "./down.ts"
import { parseUp, UP_SHAPES } from "./up.ts"

const document = readFileSync(new URL("../../../../docs/protocol.md", import.meta.url), "utf8")
const examples = [...document.matchAll(/^([<>]) (\{.*\})$/gm)].map(([, direction = "", text = ""]) => ({ direction, text }))

/** The description of a shape without the objects inside it, however deep they lie. */
function withoutInner(described: string): string {
  const without = described.replace(/(?<=.)\{[^{}]*\}/g, "")
  return without === described ? described : withoutInner(without)
}

it("has a heading for every message, with its direction", () => {
  const headings = [...document.matchAll(/^### (.+)$/gm)].map(([, heading = ""]) => heading).join(", ")
  for (const type of UP_SHAPES.keys()) expect(headings, type).toContain(`${type} ↑`)
  for (const type of DOWN_SHAPES.keys()) expect(headings, type).toContain(`${type} ↓`)
})

it("names every field of every message in its shape", () => {
  for (const [shapes, arrow] of [
    [UP_SHAPES, "↑"],
    [DOWN_SHAPES, "↓"],
  ] as const) {
    for (const [type, shape] of shapes) {
      const section = document.split("\n### ").find((part) => part.split("\n")[0]?.includes(`${type} ${arrow}`)) ?? ""
      const own = section
        .split("\n")
        .filter((line) => !line.startsWith("#"))
        .join("\n")
      const fields = [...withoutInner(shape.describe).matchAll(/[{,](\w+):/g)].map(([, field]) => field)
      expect(fields).toContain("type")
      for (const field of fields) expect(own, `${type} ${arrow}`).toMatch(new RegExp(`\\b${field}\\??:`))
    }
  }
})

it("gives examples that are messages of the protocol, exactly as they are written", () => {
  const whole = examples.filter(({ text }) => !text.includes("…"))
  expect(whole.length).toBeGreaterThan(10)
  for (const { direction, text } of whole) {
    const parse = direction === ">" ? parseUp : parseDown
    expect(jsonCodec.encode(parse(JSON.parse(text)))).toBe(text)
  }
})

it("knows the current version", () => {
  expect(document).toContain(`# The Magpie protocol, version ${PROTOCOL_VERSION}\n`)
  expect(document).toMatch(new RegExp(`^\\| ${PROTOCOL_VERSION} \\|`, "m"))
})
