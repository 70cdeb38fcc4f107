import { type MagpieError, toMagpieError } from "@magpie/protocol"
import { openLanes } from "#lanes"
import { badField } from "../bad-field.ts"
import type { StreamChannel } from "../channel.ts"
import { createLaneWriter, type LaneWriter } from "../lanes/lane-writer.ts"
import type { Lane, Lanes } from "../lanes/lanes.ts"
import { openLane } from "../lanes/open-lane.ts"
import { createKeptChannel, type KeptChannel, type KeptChannelOptions } from "./kept-channel.ts"

export interface InboxOptions {
  /** In a browser a database of this origin, in Node a directory. Give each user a name of their own. */
  readonly name: string
  /** Another place for the rows. Default: IndexedDB in browsers, files in Node. */
  readonly lanes?: Lanes
}

/** What this device keeps of the streams of one client. */
export interface Inbox {
  /** The same object for the same channel. Fails with BAD_REQUEST on what is no stream, and INVALID_OPTIONS. */
  channel<K>(channel: StreamChannel<K, undefined>, options?: KeptChannelOptions): KeptChannel<K>
  /** Frees the place, as the client's end does. Nothing is kept from here on; what is kept stays. */
  close(): Promise<void>
}

const DEFAULT_KEEP = 100
/** Whose the rows are. No channel has such a name. */
const OWNER = "\n"

/**
 * Keeps the newest messages of streams: after a reload they are there at once, marked `cached`, and the server is asked only for
 * what came since [G4]. A gap in the channel, a right that was taken away, or another user clears them.
 *
 * Call `channel` before anybody else listens to that stream. Clients that are open at the same time keep copies of their own. Where
 * nothing can be kept, that is reported, and everything comes from the server. Fails with INVALID_OPTIONS naming the field.
 */
export function inbox({ name, lanes }: InboxOptions): Inbox {
  if (typeof name !== "string" || name === "") throw badField("name", "must be a name", "INVALID_OPTIONS")
  const channels = new Map<object, KeptChannel<never>>()
  let opening: Promise<Lane | undefined> | undefined
  let writer: LaneWriter | undefined
  let found: ReadonlyMap<string, unknown> = new Map()
  let report = (_error: MagpieError): void => {}

  async function open(): Promise<Lane | undefined> {
    try {
      const lane = await openLane(lanes ?? openLanes(`${name}/inbox`), "")
      writer = createLaneWriter(lane)
      found = lane.rows
      return lane
    } catch (thrown) {
      report(toMagpieError(thrown))
      return undefined
    }
  }

  async function close(): Promise<void> {
    const lane = await opening
    const written = writer?.settled()
    writer = undefined
    await written
    await lane?.close()
  }

  const rows = {
    async read(onError: (error: MagpieError) => void): Promise<ReadonlyMap<string, unknown>> {
      report = onError
      opening ??= open()
      await opening
      return found
    },
    write: (changes: ReadonlyMap<string, unknown>) => void writer?.write(changes).catch((thrown) => report(toMagpieError(thrown))),
    own(user: string | undefined): void {
      const owner = found.get(OWNER)
      if (owner === user) return
      rows.write(new Map([...(owner === undefined ? [] : [...found.keys()].map((key) => [key, undefined] as const)), [OWNER, user]]))
      found = new Map([[OWNER, user]])
      if (owner !== undefined) for (const kept of channels.values()) kept.clear()
    },
  }

  return {
    channel<K>(channel: StreamChannel<K, undefined>, { keep = DEFAULT_KEEP }: KeptChannelOptions = {}): KeptChannel<K> {
      if (!Number.isSafeInteger(keep) || keep < 1) throw badField("keep", "must be a whole number of at least 1", "INVALID_OPTIONS")
      if (channel.kind !== "stream" && channel.kind !== undefined) throw badField("channel", "must be a stream")
      const known = channels.get(channel) as KeptChannel<K> | undefined
      const kept = known ?? createKeptChannel(channel, keep, rows, () => void close())
      channels.set(channel, kept as KeptChannel<never>)
      return kept
    },
    close,
  }
}
