import { type Batch, payloadOf } from "../flow/batch.ts"

/** The headers of an event stream: no cache keeps it, no proxy holds it back or changes it. */
export const EVENT_STREAM_HEADERS: Readonly<Record<string, string>> = {
  "Content-Type": "text/event-stream; charset=utf-8",
  "Cache-Control": "no-store, no-transform",
  "X-Accel-Buffering": "no",
  "X-Content-Type-Options": "nosniff",
}

/** Proxies that hold back the beginning of an answer let it go when so much has come. */
const PADDING_BYTES = 2_048

const utf8 = new TextEncoder()
const text = new TextDecoder()

/** A comment, which no reader of events sees. */
export const PADDING = utf8.encode(`:${" ".repeat(PADDING_BYTES)}\n\n`)
export const COMMENT = utf8.encode(":\n\n")

/** One event, as the HTML standard has it (section 9.2): each line of the data, none of which begins with a space, stands behind a `data:` of its own. */
export function eventOf(data: string, { name, id }: { readonly name?: string; readonly id?: string } = {}): Uint8Array {
  const head = `${name === undefined ? "" : `event:${name}\n`}${id === undefined ? "" : `id:${id}\n`}`
  return utf8.encode(`${head}data:${data.replaceAll("\n", "\ndata:")}\n\n`)
}

/** The batch as one event: made once, shared by every event stream. */
export function eventOfBatch(batch: Batch): Uint8Array {
  batch.event ??= eventOf(text.decode(payloadOf(batch)))
  return batch.event
}

export function closeEvent(code: number, reason: string): Uint8Array {
  return eventOf(JSON.stringify({ code, reason }), { name: "close" })
}
