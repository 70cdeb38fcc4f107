import { createEventParser, type StreamEvent } from "../../../packages/client/src/transports/event-parser.ts"
import { eventOf } from "../../../packages/server/src/transports/event.ts"
import { insist, textTarget } from "../target.ts"
import { DOWN_WIRES } from "./corpus.ts"

const utf8 = new TextDecoder()
const written = (data: string, its: { readonly name?: string; readonly id?: string } = {}): string => utf8.decode(eventOf(data, its))

/** Every piece of so many units, so that a break may fall anywhere. */
const PIECES = [1, 2, 7]
const LONGEST_CUT = 2_048

/** An event stream as a client reads it, wherever it is cut. */
export const eventStream = textTarget({
  name: "event-stream",
  share: 12,
  corpus: [
    ...DOWN_WIRES.slice(0, 3).map((wire) => written(wire)),
    written(DOWN_WIRES.slice(0, 3).join("\n"), { id: "chat%2Flobby=e1:7:k7" }),
    `${written("0123", { name: "link" })}:\n\n${written("", { name: "ping" })}`,
    written('{"code":1012,"reason":"restart;retryAfterMs=5"}', { name: "close" }),
    "event: close\r\nid: 7\r\ndata: {\r\ndata:  two}\r\n\r\nretry: 10\rdata\r\r",
  ],
  words: ["data:", "event:", "id:", "retry:", ":", "\r", "\r\n", "\n\n", "\r\r", "data", " ", "\ufeff"],
  maxLength: 131_072,
  run(text) {
    const events = read(text)
    const whole = JSON.stringify(events)
    if (text.length > LONGEST_CUT) return `long ${events.length}`
    for (const length of PIECES) insist(JSON.stringify(read(...cut(text, length))) === whole, "reads the same wherever the stream is cut")
    const ours = events.filter(({ name, data }) => !/(^|\n) /.test(`${name}\n${data}`)).map(wellFormed)
    const again = read(...ours.map(({ name, data }) => written(data, { name })))
    insist(JSON.stringify(again) === JSON.stringify(ours), "reads what a server writes as it was meant")
    return events.length === 0 ? "nothing" : `accepted ${whole}`
  },
})

function read(...pieces: readonly string[]): readonly StreamEvent[] {
  const events: StreamEvent[] = []
  const parse = createEventParser((event) => void events.push(event))
  for (const piece of pieces) parse(piece)
  return events
}

/** As UTF-8 can carry it. */
function wellFormed({ name, data }: StreamEvent): StreamEvent {
  return { name: name.toWellFormed(), data: data.toWellFormed() }
}

function cut(text: string, length: number): readonly string[] {
  return Array.from({ length: Math.ceil(text.length / length) }, (_, index) => text.slice(index * length, (index + 1) * length))
}
