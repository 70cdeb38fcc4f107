import type { ChannelMatch, Encoded } from "@magpie/protocol"
import { type Authorizer, forbidden } from "../access/authorizer.ts"
import type { Action } from "../channel-rules.ts"
import { encodedBytes } from "../flow/batch.ts"
import type { Connection } from "../session/connection.ts"

/** Answers that are read from the log. One that nobody reads yet stays there. */
export interface Pages {
  /** Fails with FORBIDDEN, or with what `read` fails with. */
  answer(connection: Connection, channel: string, match: ChannelMatch, action: Action, read: () => Encoded): Promise<void>
}

/** `pageBytes`: room that must be there before anything is read. */
export function createPages(authorizer: Authorizer, pageBytes: number): Pages {
  return {
    async answer(connection, channel, match, action, read) {
      while (connection.open !== undefined) {
        // Asked again after each wait, since rights may have changed meanwhile.
        if (!(await authorizer.allowed(connection, channel, match, action))) throw forbidden(channel, action)
        const page = connection.queue.hasRoom(pageBytes) ? read() : undefined
        if (page !== undefined && connection.queue.hasRoom(encodedBytes(page))) return connection.sendEncoded(page)
        await connection.queue.nextRoom()
      }
    },
  }
}
