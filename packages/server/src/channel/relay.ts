import { type Bus, MAX_BUS_MESSAGE_BYTES } from "@magpie/journal"
import { type JsonText, MagpieError, type Publication, type Random } from "@magpie/protocol"
import { parseBusJson } from "../core/bus-json.ts"
import { toHex } from "../session/session-token.ts"

/** Carries broadcasts between the nodes of a cluster, each at most once and those of one node in their order, encoded once, to the nodes that have followers. */
export interface Relay {
  /** To other nodes. Fails with TOO_LARGE on what the bus does not carry, so that nobody is told something that others are not. */
  publish(publication: Publication): void
  /** Somebody on this node follows the channel. */
  open(channel: string): void
  /** Nobody does any more. */
  release(channel: string): void
  close(): void
}

export interface RelayOptions {
  readonly bus: Bus
  readonly random: Random
  /** Gives to the followers on this node what was published on another one. */
  readonly deliver: (publication: Publication) => void
}

/** One server alone has nobody to tell. */
export const NO_RELAY: Relay = { publish() {}, open() {}, release() {}, close() {} }

/** `number` counts what one origin has published since its start, on whatever channel. */
type Head = readonly [origin: string, number: number, name: string, at: number, from: string | null, ref: string | null]

interface Open {
  /** The highest number of each origin: what comes behind a higher one is late, or came twice. */
  readonly last: Map<string, number>
  readonly stop: () => void
}

const ORIGIN_BYTES = 8
const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder()

export function createRelay({ bus, random, deliver }: RelayOptions): Relay {
  const origin = toHex(random.bytes(ORIGIN_BYTES))
  const channels = new Map<string, Open>()
  let published = 0

  function hear(channel: string, last: Map<string, number>, message: Uint8Array): void {
    const text = fromUtf8.decode(message)
    const end = text.indexOf("\n")
    const head = headOf(text.slice(0, Math.max(0, end)))
    const data = text.slice(end + 1)
    if (head === undefined || !isData(data)) return
    const [its, number, name, at, from, ref] = head
    // A bus may bring back what one has said, and promises no order.
    if (its === origin || number <= (last.get(its) ?? 0)) return
    last.set(its, number)
    deliver({ channel, name, data, at, from: from ?? undefined, ref: ref ?? undefined })
  }

  return {
    publish({ channel, name, data, at, from, ref }) {
      const head: Head = [origin, ++published, name, at, from ?? null, ref ?? null]
      const message = utf8.encode(`${JSON.stringify(head)}\n${data}`)
      if (message.length > MAX_BUS_MESSAGE_BYTES) {
        const details = { limit: "busMessageBytes", value: MAX_BUS_MESSAGE_BYTES }
        throw new MagpieError("TOO_LARGE", `between servers a broadcast has at most ${MAX_BUS_MESSAGE_BYTES} bytes`, { details })
      }
      bus.publish(subjectOf(channel), message)
    },
    open(channel) {
      const last = new Map<string, number>()
      channels.set(channel, { last, stop: bus.subscribe(subjectOf(channel), (message) => hear(channel, last, message)) })
    },
    release(channel) {
      channels.get(channel)?.stop()
      channels.delete(channel)
    },
    close() {
      for (const { stop } of channels.values()) stop()
      channels.clear()
    },
  }
}

/** Undefined for what is none of this version. */
function headOf(text: string): Head | undefined {
  const head = parseBusJson(text)
  if (!Array.isArray(head)) return undefined
  const [origin, number, name, at, from, ref] = head as readonly unknown[]
  const isSound = typeof origin === "string" && Number.isSafeInteger(number) && typeof name === "string" && Number.isFinite(at)
  return isSound && isTextOrNull(from) && isTextOrNull(ref) ? (head as unknown as Head) : undefined
}

function isTextOrNull(value: unknown): boolean {
  return value === null || typeof value === "string"
}

/** Whether it can be a part of clients' frames as it is: one that cannot would end the connection of everybody who follows the channel. */
function isData(text: string): text is JsonText {
  return !text.includes("\n") && parseBusJson(text) !== undefined
}

function subjectOf(channel: string): string {
  return `broadcast/${channel}`
}
