import { type BrokerAdapter, brokerBus, brokerJournal } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import type { NodeConnectionOptions } from "@nats-io/transport-node"
import { natsBus } from "./vendor/nats-bus.ts"
import { LEVELS, natsLog, TRIMS } from "./vendor/nats-log.ts"

export interface NatsAdapterOptions {
  /** `host:4222`, one or several of the same cluster. */
  readonly servers: string | readonly string[]
  /** What streams and subjects begin with, and so names the cluster. Default `magpie`. */
  readonly name?: string
  /** Streams that the log is cut into, the first for what concerns all nodes: 2 to 256, the same for ever. Default 4. */
  readonly partitions?: number
  /** Copies of each stream, where it has still to be made: 1, 3 or 5. Default 1. */
  readonly replicas?: number
  /** Further options of the client, such as a user, a token or certificates. Those that decide about reconnecting have no effect. */
  readonly client?: NodeConnectionOptions
  /** How long an append waits for NATS, in milliseconds. Default 9,000. */
  readonly appendMs?: number
}

/** NATS with JetStream as a cluster's journal, and NATS as its bus. Fails with INVALID_OPTIONS naming the option. */
export function nats(options: NatsAdapterOptions): BrokerAdapter {
  const { servers: given, name = "magpie", partitions = 4, replicas = 1, client = {}, appendMs } = options
  const servers = typeof given === "string" ? [given] : [...(given ?? [])]
  if (servers.length === 0 || servers.some((server) => typeof server !== "string" || server === "")) {
    refuse("servers", "must be as host:4222, one or several")
  }
  if (!/^[\w-]{1,64}$/.test(name)) refuse("name", "must be 1 to 64 letters, digits, hyphens and underscores")
  if (!Number.isInteger(partitions) || partitions < 2 || partitions > 256) refuse("partitions", "must be a whole number from 2 to 256")
  if (![1, 3, 5].includes(replicas)) refuse("replicas", "must be 1, 3 or 5")
  if (appendMs !== undefined && !(appendMs >= 1)) refuse("appendMs", "must be a number of milliseconds above 0")
  return {
    name: "nats",
    capabilities: { levels: LEVELS, trims: TRIMS, bus: "pub/sub" },
    openJournal: (env) => brokerJournal({ env, appendMs, broker: natsLog({ servers, name, partitions, replicas, client }) }),
    openBus: (env) => brokerBus({ env, broker: natsBus({ servers, name, client }) }),
  }
}

function refuse(option: string, why: string): never {
  throw new MagpieError("INVALID_OPTIONS", `${option} ${why}`, { details: { option } })
}
