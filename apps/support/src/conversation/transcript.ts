import type { Client } from "@magpie/client"
import type { Support } from "../contract.ts"
import { type Line, lineOf } from "./lines.ts"
import { pagesFrom } from "./pages.ts"

export interface TranscriptOptions {
  readonly visitor: string
  readonly side: "visitor" | "agent"
  readonly tag: string
  readonly nameOf: (line: Line) => string
  readonly wordOf: (line: Line) => string
}

export interface ReadOptions {
  readonly side: "visitor" | "agent"
  readonly signal?: AbortSignal
}

/** All that the server has of a conversation, oldest first. */
export async function readAllLines(client: Client<Support>, visitor: string, { side, ...options }: ReadOptions): Promise<Line[]> {
  const channel = client.channel(`support/talk/${visitor}`)
  const lines: Line[] = []
  // Backwards: where the log begins only the server knows, which lets go of what is old.
  for await (const { messages } of pagesFrom(() => channel.history({ ...options, limit: 500 })))
    lines.unshift(...messages.map((message) => lineOf(message, (message.from === visitor) === (side === "visitor"))))
  return lines
}

/** The whole conversation as plain text, one paragraph for each message. */
export async function transcriptOf(client: Client<Support>, { visitor, side, tag, nameOf, wordOf }: TranscriptOptions): Promise<string> {
  const dates = new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short" })
  const lines = await readAllLines(client, visitor, { side })
  return lines.map((line) => `${dates.format(line.at)}  ${nameOf(line)}\n${wordOf(line)}\n`).join("\n")
}
