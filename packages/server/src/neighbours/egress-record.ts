import type { NeighbourRecord } from "@magpie/journal"
import type { AnyStreamEvent } from "../reading/server-stream-reading.ts"

/** What an egress writes of an event, where it is not told otherwise: the event as JSON, by the channel's name. */
export interface EgressContent {
  readonly key?: string
  readonly value: Uint8Array | string
  readonly headers?: Readonly<Record<string, string>>
}

/** The position stands in the headers whatever the value is: whoever reads drops what he has seen by it. */
export function egressRecord(channel: string, event: AnyStreamEvent, content: EgressContent | undefined): NeighbourRecord {
  const { key = channel, value, headers } = content ?? { value: JSON.stringify({ channel, ...event }) }
  const { epoch, offset } = event.position
  return {
    id: `${channel}/${epoch}/${offset}`,
    key,
    value: typeof value === "string" ? new TextEncoder().encode(value) : value,
    headers: {
      ...headers,
      "magpie-channel": channel,
      "magpie-type": event.type,
      "magpie-epoch": epoch,
      "magpie-offset": String(offset),
    },
  }
}
