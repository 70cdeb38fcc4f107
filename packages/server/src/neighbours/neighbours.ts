import type { DurableLog, Neighbour } from "@magpie/journal"
import {
  type AnyContract,
  type ChannelName,
  type Env,
  isMagpieError,
  type KindOf,
  type Limits,
  MagpieError,
  type PatternOf,
  type PatternsOfKind,
} from "@magpie/protocol"
import type { Counters } from "../metrics/counters.ts"
import type { ServerStreamEvent } from "../reading/server-stream-reading.ts"
import type { StreamFeeds } from "../reading/stream-feed.ts"
import { type Egress, EgressRun, type PlacesTable } from "./egress.ts"
import type { EgressContent } from "./egress-record.ts"
import { type Ingress, IngressRun } from "./ingress.ts"
import type { IngressRecord } from "./ingress-record.ts"

/** A message for a stream or a broadcast, or a row of a table: its value, or undefined to take it away. */
export type IngressPublish<C> =
  | { readonly channel: ChannelName<C>; readonly name: string; readonly data: unknown; readonly from?: string }
  | { readonly channel: ChannelName<C>; readonly row: string; readonly value: unknown; readonly from?: string }

export interface IngressOptions<C> {
  /** Names it among all ingresses of all nodes, and its records among those of others: 1 to 64 letters, digits, dots, hyphens and underscores. */
  readonly name: string
  readonly from: Neighbour
  /**
   * What a record is to be; nothing leaves it out. It must say the same of a record that comes again. Where it fails, or what it
   * says is refused, the record becomes a dead letter; a MagpieError that is retryable has it asked again.
   */
  publish(record: IngressRecord): IngressPublish<C> | undefined | Promise<IngressPublish<C> | undefined>
  /** Where records go that cannot be published. Default: the ingress stands still before such a record. */
  readonly deadLetters?: Neighbour
  /** Names a record for ever, where the neighbour does not or names it wrongly. Default: the record's `id`. */
  id?(record: IngressRecord): string | undefined
  /** What becomes of a record that has no id. Default "dead-letter"; "publish" stores it once for each time that it comes. */
  readonly withoutId?: "dead-letter" | "publish"
}

export interface EgressOptions<C, N extends string> {
  /** Names it among all egresses of all nodes, and is the row that holds its place: as the name of an ingress. */
  readonly name: string
  /** A stream. */
  readonly channel: N
  readonly to: Neighbour
  /** The table that holds where it is: its keys are names, its values `{ epoch, offset, mark? }`. It must not be in memory. */
  readonly places: PatternsOfKind<C, "table">
  /** Where it begins that has no place yet. Default "start": with the first message that is still there. */
  readonly start?: "start" | "now"
  /** What is written of an event; nothing leaves it out. Default: the event as JSON. Its position stands in the headers in any case. */
  record?(event: ServerStreamEvent<KindOf<C, PatternOf<C, N>>>): EgressContent | undefined
}

export interface Neighbours<C extends AnyContract> {
  /** Turns what a neighbour gives into publishes. Fails with INVALID_OPTIONS. */
  ingress(options: IngressOptions<C>): Ingress
  /** Mirrors a stream to a neighbour. Fails with INVALID_OPTIONS. */
  egress<const N extends ChannelName<C>>(options: EgressOptions<C, N>): Egress
  /** Ends all of them. Resolves when it is kept where they are; undefined where there are none. */
  close(): Promise<unknown> | undefined
}

/** The two as a server offers them. */
export type Ingresses<C extends AnyContract> = Neighbours<C>["ingress"]
export type Egresses<C extends AnyContract> = Neighbours<C>["egress"]

export interface NeighboursOptions {
  readonly contract: AnyContract
  readonly env: Env
  readonly log: Pick<DurableLog, "control">
  readonly limits: Pick<Limits, "closeMs">
  readonly counters: Counters
  readonly feeds: StreamFeeds
  /** Whether other nodes may do the same. */
  readonly shared: boolean
  readonly channel: (name: string) => unknown
}

/** A channel as an ingress writes to it, whatever its kind. */
interface Target {
  readonly kind: string
  publish(name: string, data: unknown, options: WriteOptions): Promise<{ readonly duplicate: boolean }> | undefined
  get(row: string): unknown
  set(row: string, value: unknown, options: WriteOptions): Promise<{ readonly duplicate: boolean }>
  delete(row: string, options: WriteOptions): Promise<{ readonly duplicate: boolean }>
}
interface WriteOptions {
  readonly key?: string
  readonly from?: string
}

const NAME = /^[\w.-]{1,64}$/

export function createNeighbours<C extends AnyContract>(options: NeighboursOptions): Neighbours<C> {
  const { contract, env, log, limits, counters, feeds, shared, channel } = options
  const running = new Map<string, Ingress | Egress>()
  const context = { env, control: log.control, shared, counters }

  function added<T extends Ingress | Egress>(kind: string, name: string, make: () => T): T {
    if (typeof name !== "string" || !NAME.test(name)) refuse("name", "must be 1 to 64 letters, digits, dots, hyphens and underscores")
    const known = running.get(`${kind}/${name}`)
    if (known !== undefined && known.state !== "closed") refuse("name", `${name} is taken on this server`)
    const its = make()
    running.set(`${kind}/${name}`, its)
    return its
  }

  return {
    ingress({ name, from, publish, deadLetters, id = (record) => record.id, withoutId = "dead-letter" }) {
      checkNeighbour("from", from)
      if (deadLetters !== undefined) checkNeighbour("deadLetters", deadLetters)
      if (typeof publish !== "function") refuse("publish", "must be a function")
      if (withoutId !== "dead-letter" && withoutId !== "publish") refuse("withoutId", 'must be "dead-letter" or "publish"')
      const target = (to: string): Target => channel(to) as Target
      return added("ingress", name, () => {
        return new IngressRun({
          ...{ ...context, name, from, deadLetters },
          async publish(record) {
            const its = await publish(record)
            if (its === undefined) return "leftOut"
            const named = id(record)
            if (named === undefined && withoutId === "dead-letter") throw new MagpieError("BAD_REQUEST", "the record has no id")
            return written(target(its.channel), its, named === undefined ? undefined : `ingress/${name}/${named}`)
          },
        })
      })
    },
    egress({ name, channel: from, to, places, start = "start", record }) {
      checkNeighbour("to", to)
      if (kindOf(from) !== "stream") refuse("channel", `"${from}" is no stream of the contract`)
      const placesName: string = places
      const table = Object.hasOwn(contract.channels, placesName) ? contract.channels[placesName] : undefined
      if (table?.kind !== "table" || placesName.includes(":"))
        refuse("places", `"${places}" is no table of the contract with a name of its own`)
      if (table.durability === "memory") refuse("places", `"${places}" is in memory, where no place outlives the server`)
      if (start !== "start" && start !== "now") refuse("start", 'must be "start" or "now"')
      const its = { feeds, name, channel: from, to, start, closeMs: limits.closeMs, record: record as never }
      return added("egress", name, () => new EgressRun({ ...context, ...its, places: () => channel(placesName) as PlacesTable }))
    },
    close: () => (running.size === 0 ? undefined : Promise.all([...running.values()].map((each) => each.close()))),
  }

  function kindOf(name: string): string | undefined {
    try {
      return contract.match(name).kind.kind
    } catch {
      return undefined
    }
  }
}

async function written(
  to: Target,
  its: IngressPublish<AnyContract>,
  key: string | undefined,
): Promise<"published" | "repeated" | "leftOut"> {
  const options = { ...(key === undefined ? undefined : { key }), ...(its.from === undefined ? undefined : { from: its.from }) }
  const isRow = "row" in its
  if (to.kind !== (isRow ? "table" : to.kind === "broadcast" ? "broadcast" : "stream")) {
    const what = isRow ? "rows" : "messages"
    throw new MagpieError("BAD_REQUEST", `a ${to.kind} takes no ${what} of an ingress`, { details: { field: "channel" } })
  }
  if (!isRow) return said(await to.publish(its.name, its.data, options))
  if (its.value !== undefined) return said(await to.set(its.row, its.value, options))
  try {
    return said(await to.delete(its.row, options))
  } catch (failure) {
    // It is as it should be.
    if (isMagpieError(failure) && failure.code === "CONFLICT" && to.get(its.row) === undefined) return "leftOut"
    throw failure
  }
}

function said(receipt: { readonly duplicate: boolean } | undefined): "published" | "repeated" {
  return receipt?.duplicate ? "repeated" : "published"
}

function checkNeighbour(option: string, neighbour: Neighbour): void {
  if (typeof neighbour?.read !== "function" || typeof neighbour.write !== "function")
    refuse(option, "must be a neighbour, as kafkaTopic({ … })")
}

function refuse(option: string, why: string): never {
  throw new MagpieError("INVALID_OPTIONS", `${option} ${why}`, { details: { option } })
}
