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
import { encodedBytes } from "../flow/batch.ts"
import type { Connection } from "../session/connection.ts"

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
  let telling: { readonly data: AwarenessData; readonly connection: Connection | undefined } | undefined

  function show(publication: Publication, data: AwarenessData, connection?: Connection): void {
    telling = { data, connection }
    try {
      broadcast(publication)
    } finally {
      telling = undefined
    }
  }

  function publicationOf(channel: string, from: string | undefined, data: AwarenessData, state = toJsonText(data.state)): Publication {
    const text = `{"client":${data.client},"clock":${data.clock},"state":${state}}` as JsonText
    return { channel, name: AWARENESS, data: text, at: clock.now(), from }
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
      const state = toJsonText(asked.state)
      requireShort(state, limits.documentAwarenessBytes)
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
      show(publicationOf(channel, connection.userId, asked, state), asked, connection)
    },
    told(publication) {
      const { client, clock: its, state } = telling?.data ?? (JSON.parse(publication.data) as AwarenessData)
      const shown = channels.get(publication.channel) ?? new Map<number, Shown>()
      const known = shown.get(client)
      if (known !== undefined && known.clock > its) return
      channels.set(publication.channel, shown)
      shown.delete(client)
      // One that is gone is remembered for a while, so that what is late does not bring it back.
      shown.set(client, { publication, clock: its, at: clock.now(), isGone: state === null, connection: telling?.connection })
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
        if (its.connection !== connection || its.isGone) continue
        const data = { client, clock: its.clock + 1, state: null }
        show(publicationOf(channel, its.publication.from, data), data)
      }
      if (isLast) channels.delete(channel)
    },
  }
}

function requireShort(state: JsonText, most: number): void {
  if (encodedBytes(state) <= most) return
  const details = { limit: "documentAwarenessBytes", value: most }
  throw new MagpieError("TOO_LARGE", `what a client shows of itself has at most ${most} bytes`, { details })
}
