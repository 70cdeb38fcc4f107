import {
  AWARENESS,
  CHANGE,
  type Clock,
  COMMAND,
  type Contract,
  type Limits,
  type Log,
  type Publication,
  type Random,
  READ,
  ROW,
  UPDATE,
} from "@magpie/protocol"
import type { Authorizer } from "../access/authorizer.ts"
import type { CatchUp } from "../channel/catch-up.ts"
import type { Followers } from "../channel/followers.ts"
import { type Commands, createCommands } from "../commands/commands.ts"
import { createAwareness } from "../documents/awareness.ts"
import { createCompaction } from "../documents/compaction.ts"
import type { UpdateJoiner } from "../documents/update-joiner.ts"
import { createBroadcastHandler } from "../kinds/broadcast.ts"
import { createDocumentHandler } from "../kinds/document.ts"
import { documentStart } from "../kinds/document-start.ts"
import type { KindHandler } from "../kinds/kind-handler.ts"
import { createStreamHandler } from "../kinds/stream.ts"
import { createTableHandler } from "../kinds/table.ts"
import type { Counters } from "../metrics/counters.ts"
import type { TablesLog } from "./tables-log.ts"

/** What is published on a kind beside its messages. */
export const BESIDE_MESSAGES: Readonly<Record<string, readonly string[]>> = {
  stream: [CHANGE, READ],
  table: [ROW],
  command: [COMMAND],
  document: [UPDATE, AWARENESS],
}

export interface KindsOptions {
  readonly contract: Contract
  readonly clock: Clock
  readonly random: Random
  readonly log: TablesLog
  readonly write: Log
  readonly limits: Limits
  readonly authorizer: Authorizer
  readonly followers: Followers
  readonly catchUp: CatchUp
  readonly counters: Counters
  readonly broadcast: (publication: Publication) => void
  readonly joiner: UpdateJoiner | undefined
}

/** The kinds of channel of one server. */
export interface Kinds {
  readonly handlers: Readonly<Record<string, KindHandler>>
  readonly commands: Commands
  /** What was stored or came from another node. Says whether the channel's subscribers are told of it as it is. */
  written(publication: Publication): boolean
  close(): void
}

export function createKinds(options: KindsOptions): Kinds {
  const { contract, clock, random, log, write, limits, authorizer, followers, catchUp, counters, broadcast, joiner } = options
  const table = createTableHandler({ clock, log, limits, authorizer, followers, catchUp })
  const stream = createStreamHandler({ log, limits, authorizer, followers, catchUp })
  const commands = createCommands({ clock, random, log, write, limits, authorizer, ledger: stream, matchOf: contract.match })
  const compaction = joiner && createCompaction({ log, clock, random, limits, write, joiner, matchOf: contract.match })
  const awareness = createAwareness({ clock, limits, broadcast })
  const reading = createStreamHandler({
    ...{ log, limits, authorizer, followers, catchUp },
    startOf: (message) => documentStart(log, message),
    onLeft: (connection, channel) => awareness.left(connection, channel, followers.count(channel) === 0),
  })
  const onTooLong = (channel: string): void => compaction?.want(channel)
  return {
    handlers: {
      ...{ table, stream, command: commands.handler },
      document: createDocumentHandler({ log, limits, authorizer, reading, awareness, onTooLong }),
      broadcast: createBroadcastHandler({ clock, authorizer, followers, counters, log: write, publish: broadcast }),
    },
    commands,
    written(publication) {
      if (publication.name === ROW) {
        table.written(publication.channel)
        return false
      }
      if (publication.name === AWARENESS) awareness.told(publication)
      if (publication.name === UPDATE) compaction?.written(publication)
      if (publication.name === COMMAND) commands.live.written(publication)
      return true
    },
    close() {
      commands.close()
      compaction?.close()
      table.close()
    },
  }
}
