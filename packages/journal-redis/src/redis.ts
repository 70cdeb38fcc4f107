import { type BrokerAdapter, brokerBus, brokerJournal } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import type { RedisOptions } from "ioredis"
import { redisBus } from "./vendor/redis-bus.ts"
import { LEVELS, redisLog, TRIMS } from "./vendor/redis-log.ts"

export interface RedisAdapterOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://` with TLS. */
  readonly url: string
  /** What keys and channels begin with, and so names the cluster. Default `magpie`. */
  readonly name?: string
  /** Streams that the log is cut into, the first for what concerns all nodes: 2 to 256, the same for ever. Default 4. */
  readonly partitions?: number
  /** Further options of the client, such as sentinels or certificates. Those that decide about reconnecting have no effect. */
  readonly client?: RedisOptions
  /** How long an append waits for Redis, in milliseconds. Default 9,000. */
  readonly appendMs?: number
}

/** Redis 7 as a cluster's journal and bus. Fails with INVALID_OPTIONS naming the option. */
export function redis(options: RedisAdapterOptions): BrokerAdapter {
  const { url, name = "magpie", partitions = 4, client = {}, appendMs } = options
  if (typeof url !== "string" || !/^rediss?:\/\//.test(url)) refuse("url", "must be as redis://host:6379")
  if (!/^[\w.-]{1,64}$/.test(name)) refuse("name", "must be 1 to 64 letters, digits, dots, hyphens and underscores")
  if (!Number.isInteger(partitions) || partitions < 2 || partitions > 256) refuse("partitions", "must be a whole number from 2 to 256")
  if (appendMs !== undefined && !(appendMs >= 1)) refuse("appendMs", "must be a number of milliseconds above 0")
  return {
    name: "redis",
    capabilities: { levels: LEVELS, trims: TRIMS, bus: "pub/sub" },
    openJournal: (env) => brokerJournal({ env, appendMs, broker: redisLog({ url, name, partitions, client, log: env.log }) }),
    openBus: (env) => brokerBus({ env, broker: redisBus({ url, name, client }) }),
  }
}

function refuse(option: string, why: string): never {
  throw new MagpieError("INVALID_OPTIONS", `${option} ${why}`, { details: { option } })
}
