import {
  AWARENESS,
  type AwarenessData,
  awarenessData,
  type Clock,
  type JsonText,
  type Limits,
  MagpieError,
  type Publication,
  type Publish,
  toJsonText,
} from "@magpie/protocol"
import type { Connection } from "../session/connection.ts"

const utf8 = new TextEncoder()

export interface AwarenessOptions {
  readonly clock: Clock
  readonly limits: Pick<Limits, "documentAwarenessBytes" | "documentAwarenessClients">
  /** Tells everybody who follows the channel, on all nodes. */
  readonly broadcast: (publication: Publication) => void
}

/** What the editors of documents show of themselves, as far as it was told on this node while somebody followed the document here. */
export interface Awareness {
  /** Fails with FORBIDDEN, BAD_REQUEST, TOO_LARGE and LIMIT_EXCEEDED. */
  publish(connection: Connection, message: Publish): void
  /** It was told here, by whichever node. */
  told(publication: Publication): void
  /** What others show now, for one who comes. */
  of(channel: string): readonly Publication[]
  /** A connection follows the channel no longer: what it showed there is taken back. */
  left(connection: Connection, channel: string, isLast: boolean): void
}

interface Shown {
  readonly publication: Publication
  readonly clock: number
  readonly at: number
  readonly isGone: boolean
  /** The connection of this node that shows it. */
  readonly connection: Connection | undefined
}

/** A client of Yjs says what it shows every 15 seconds; of one that did not, nothing is shown any more. */
const STALE_MS = 30_000

export function createAwareness({ clock, limits, broadcast }: AwarenessOptions): Awareness {
  const channels = new Map<string, Map<number, Shown>>()
  /** Set while this node tells it. */
  let speaker: Connection | undefined

  function show(channel: string, from: string | undefined, data: AwarenessData, connection?: Connection): void {
    speaker = connection
    try {
      broadcast({ channel, name: AWARENESS, data: toJsonText(data), at: clock.now(), from })
    } finally {
      speaker = undefined
    }
  }

  function forgetStale(shown: Map<number, Shown>): void {
    for (const [client, { at }] of shown) if (clock.now() - at > STALE_MS) shown.delete(client)
  }

  return {
    publish(connection, { channel, data }) {
      if (!connection.subscriptions.has(channel)) {
        throw new MagpieError("FORBIDDEN", `only who follows "${channel}" shows itself there`, { details: { channel } })
      }
      const asked = awarenessData.check(data, "data")
      requireShort(toJsonText(asked.state), limits.documentAwarenessBytes)
      const shown = channels.get(channel)
      const known = shown?.get(asked.client)
      // A link that was lost may not be known to be lost yet; then the same user comes back on another one.
      const isOwn = known?.connection === connection || (known?.publication.from === connection.userId && connection.userId !== undefined)
      if (known !== undefined && !known.isGone && !isOwn) {
        throw new MagpieError("FORBIDDEN", "somebody else shows itself as this client", { details: { field: "data.client" } })
      }
      if (shown !== undefined && known === undefined) {
        forgetStale(shown)
        const most = limits.documentAwarenessClients
        if (shown.size >= most) {
          const details = { limit: "documentAwarenessClients", value: most }
          throw new MagpieError("LIMIT_EXCEEDED", "so many show themselves in the document already", { details })
        }
      }
      show(channel, connection.userId, asked, connection)
    },
    told(publication) {
      const { client, clock: its, state } = JSON.parse(publication.data) as AwarenessData
      const shown = channels.get(publication.channel) ?? new Map<number, Shown>()
      const known = shown.get(client)
      if (known !== undefined && known.clock > its) return
      channels.set(publication.channel, shown)
      shown.delete(client)
      // One that is gone is remembered for a while, so that what is late does not bring it back.
      shown.set(client, { publication, clock: its, at: clock.now(), isGone: state === null, connection: speaker })
      if (shown.size > 2 * limits.documentAwarenessClients) forgetStale(shown)
    },
    of(channel) {
      const shown = channels.get(channel)
      if (shown === undefined) return []
      forgetStale(shown)
      return [...shown.values()].flatMap(({ publication, isGone }) => (isGone ? [] : [publication]))
    },
    left(connection, channel, isLast) {
      for (const [client, its] of channels.get(channel) ?? []) {
        if (its.connection === connection && !its.isGone) show(channel, its.publication.from, { client, clock: its.clock + 1, state: null })
      }
      if (isLast) channels.delete(channel)
    },
  }
}

function requireShort(state: JsonText, most: number): void {
  if (state.length <= most && utf8.encode(state).length <= most) return
  const details = { limit: "documentAwarenessBytes", value: most }
  throw new MagpieError("TOO_LARGE", `what a client shows of itself has at most ${most} bytes`, { details })
}
