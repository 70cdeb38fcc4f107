import { expect, test } from "vitest"
import { createEventParser, type StreamEvent } from "./event-parser.ts"

function read(...pieces: readonly string[]): StreamEvent[] {
  const events: StreamEvent[] = []
  const parse = createEventParser((event) => void events.push(event))
  for (const piece of pieces) parse(piece)
  return events
}

const STREAM = [
  ": a comment\n\n",
  "data: one\n\n",
  "event: close\r\nid: 7\r\ndata: {\r\ndata:  two}\r\n\r\n",
  "retry: 10\rdata\r\r",
  "data:鵲橋\u{1f426}\nunknown: field\n\n",
  "event: without data\n\ndata: unfinished\n",
].join("")
const EVENTS = [
  { name: "message", data: "one" },
  { name: "close", data: "{\n two}" },
  { name: "message", data: "" },
  { name: "message", data: "鵲橋\u{1f426}" },
]

test("reads fields, names, several lines of data and every kind of line end, and leaves out what is unknown or unfinished", () => {
  expect(read(STREAM)).toEqual(EVENTS)
})

test("reads the same wherever the stream is cut", () => {
  expect(read(...STREAM)).toEqual(EVENTS)
  for (let at = 1; at < STREAM.length; at++) expect(read(STREAM.slice(0, at), STREAM.slice(at)), String(at)).toEqual(EVENTS)
})

test("[F89][G11] fails on an event that does not end, and not before it is longer than any", () => {
  const parse = createEventParser(() => {})
  const piece = "x".repeat(1_048_576)
  parse("data:")
  for (let count = 0; count < 15; count++) parse(piece)
  expect(() => [parse(piece), parse(piece)]).toThrow(RangeError)
  const lines = createEventParser(() => {})
  for (let count = 0; count < 15; count++) lines(`data:${piece}\n`)
  expect(() => [lines(`data:${piece}\n`), lines(`data:${piece}\n`)]).toThrow(RangeError)
})
