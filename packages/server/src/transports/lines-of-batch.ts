import { type Batch, payloadOf } from "../flow/batch.ts"

/** One message of the server's, as text and as what it says. */
export interface Line {
  readonly text: string
  readonly value: Readonly<Record<string, unknown>>
}

const utf8 = new TextDecoder()
const known = new WeakMap<Batch, readonly Line[]>()

/** What a batch holds, read once for everybody who gets it and has to know. */
export function linesOf(batch: Batch): readonly Line[] {
  const lines =
    known.get(batch) ??
    utf8
      .decode(payloadOf(batch))
      .split("\n")
      .map((text) => ({ text, value: JSON.parse(text) as Line["value"] }))
  known.set(batch, lines)
  return lines
}
