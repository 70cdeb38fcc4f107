export interface StreamEvent {
  /** "message" unless the event has a name. */
  readonly name: string
  readonly data: string
}

/** What one event may hold before the stream counts as broken, in units of text. */
const MAX_EVENT = 16_777_216

/**
 * Reads an event stream (the HTML standard, section 9.2.6) piece by piece, wherever the pieces are cut; `id` and `retry` are left
 * out. Time is linear in what comes. The returned function fails with RangeError on an event that does not end.
 */
export function createEventParser(onEvent: (event: StreamEvent) => void): (text: string) => void {
  let pieces: string[] = []
  let held = 0
  let name = ""
  let data: string[] = []
  let dataLength = 0
  let afterReturn = false

  function field(line: string): void {
    if (line === "") return dispatch()
    const colon = line.indexOf(":")
    const key = colon < 0 ? line : line.slice(0, colon)
    const rest = colon < 0 ? "" : line.slice(colon + 1)
    const value = rest.startsWith(" ") ? rest.slice(1) : rest
    if (key === "event") name = value
    else if (key === "data") {
      data.push(value)
      dataLength += value.length + 1
    }
  }

  function dispatch(): void {
    const event = data.length === 0 ? undefined : { name: name || "message", data: data.join("\n") }
    name = ""
    data = []
    dataLength = 0
    if (event) onEvent(event)
  }

  function endLine(last: string): void {
    pieces.push(last)
    const line = pieces.length === 1 ? last : pieces.join("")
    pieces = []
    held = 0
    field(line)
  }

  return (text) => {
    let from = afterReturn && text.startsWith("\n") ? 1 : 0
    afterReturn = text === "" ? afterReturn : text.endsWith("\r")
    const breaks = /\r\n|\r|\n/g
    breaks.lastIndex = from
    for (let found = breaks.exec(text); found; found = breaks.exec(text)) {
      endLine(text.slice(from, found.index))
      from = breaks.lastIndex
    }
    if (from < text.length) {
      pieces.push(text.slice(from))
      held += text.length - from
    }
    if (held + dataLength > MAX_EVENT) throw new RangeError("an event does not end")
  }
}
