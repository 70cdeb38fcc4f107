import type { Client } from "@magpie/client"
import type { Chaos } from "../contract.ts"
import { isWhole, type WordId, wordId } from "../word.ts"

const PAGE = 500

/** Everything that a stream holds, page by page, as any client would read it. */
export async function readAll(client: Client<Chaos>, channel: string): Promise<readonly WordId[]> {
  const stream = client.channel(channel as "talk/up")
  const ids: WordId[] = []
  let offset = 0
  for (;;) {
    const { messages, more } = await stream.history({ after: offset, limit: PAGE })
    for (const message of messages) {
      if (message.offset !== offset + 1) throw new Error(`${channel}: offset ${offset + 1} is missing, ${message.offset} follows ${offset}`)
      if (!isWhole(message.data)) throw new Error(`${channel}: what stands at offset ${message.offset} was changed`)
      offset = message.offset
      ids.push(wordId(message.data))
    }
    if (!more) return ids
  }
}
