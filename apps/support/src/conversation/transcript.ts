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

/** All that the server has of a conversation, oldest first. */
export async function readAllLines(client: Client<Support>, visitor: string, side: "visitor" | "agent"): Promise<Line[]> {
  const lines: Line[] = []
  for await (const { messages } of pagesFrom(client.channel(`support/talk/${visitor}`).history({ after: 0, limit: 500 })))
    for (const message of messages) lines.push(lineOf(message, (message.from === visitor) === (side === "visitor")))
  return lines
}

/** The whole conversation as plain text, one paragraph for each message. */
export async function transcriptOf(client: Client<Support>, { visitor, side, tag, nameOf, wordOf }: TranscriptOptions): Promise<string> {
  const dates = new Intl.DateTimeFormat(tag, { dateStyle: "medium", timeStyle: "short" })
  const lines = await readAllLines(client, visitor, side)
  return lines.map((line) => `${dates.format(line.at)}  ${nameOf(line)}\n${wordOf(line)}\n`).join("\n")
}
