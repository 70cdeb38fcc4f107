import type { BrokerAdapter } from "@magpie/journal"
import { kafka } from "@magpie/journal-kafka"
import { nats } from "@magpie/journal-nats"
import { rabbitmq } from "@magpie/journal-rabbitmq"
import { redis } from "@magpie/journal-redis"
import type { AckLevel } from "@magpie/protocol"
import { beforeAll, describe, test } from "vitest"
import { type BrokerProcess, type Settings, startBroker, whyMissing } from "./broker-process.ts"
import { deleteKafkaTopic, deleteNatsStreams, deleteRabbitMQStreams, flushRedis } from "./throw-away.ts"

export interface AdapterOptions {
  /** Of the broker, or of a relay before it. */
  readonly port: number
  /** Keeps logs in one broker apart. */
  readonly name: string
  readonly appendMs?: number
  /** Default 2. */
  readonly partitions?: number
}

/** What the tests need to know of a broker to run on it. */
export interface BrokerKind {
  readonly name: string
  /** What an acknowledgement means with the settings that the tests start it with. */
  readonly level: AckLevel
  /** Whether nodes may let go of records. */
  readonly trims: boolean
  /** It takes seconds to start, so it is killed less often. */
  readonly restartsSlowly?: true
  /** As an operator does by mistake; the broker runs on. */
  readonly throwAway: (port: number, name: string) => Promise<void>
  readonly adapter: (options: AdapterOptions) => BrokerAdapter
  readonly settings?: Settings
}

const ALL: readonly BrokerKind[] = [
  {
    name: "redis",
    trims: true,
    throwAway: flushRedis,
    level: "disk",
    adapter: ({ port, ...options }) => redis({ url: `redis://127.0.0.1:${port}`, partitions: 2, ...options }),
  },
  {
    name: "nats",
    trims: true,
    throwAway: deleteNatsStreams,
    level: "process",
    adapter: ({ port, ...options }) => nats({ servers: `127.0.0.1:${port}`, partitions: 2, ...options }),
  },
  {
    name: "rabbitmq",
    restartsSlowly: true,
    trims: false,
    throwAway: deleteRabbitMQStreams,
    level: "process",
    adapter: ({ port, ...options }) => rabbitmq({ url: `amqp://guest:guest@127.0.0.1:${port}`, partitions: 2, ...options }),
  },
  {
    name: "kafka",
    restartsSlowly: true,
    trims: true,
    throwAway: deleteKafkaTopic,
    level: "process",
    adapter: ({ port, ...options }) => kafka({ brokers: [`127.0.0.1:${port}`], partitions: 2, ...options }),
    settings: ({ sidePort, relayPort }) => ({
      listeners: `RELAYED://127.0.0.1:${sidePort}`,
      "advertised.listeners": `RELAYED://127.0.0.1:${relayPort}`,
    }),
  },
]

/** Where a service is not installed says so, in place of the tests that need it, and fails where it must be. */
export async function isMissing(name: string, title: string): Promise<boolean> {
  const missing = await whyMissing(name)
  if (missing === undefined) return false
  process.stderr.write(`\n${title} is not tested with ${name}: ${missing}\n`)
  test.skipIf(process.env.CI !== "true")(`${title} needs ${name}`, () => {
    throw new Error(missing)
  })
  return true
}

/** Runs tests with a broker of their own. */
export async function withBroker(
  kind: Pick<BrokerKind, "name" | "settings">,
  title: string,
  define: (broker: () => BrokerProcess) => void,
): Promise<void> {
  if (await isMissing(kind.name, title)) return
  describe(`${title} with ${kind.name}`, () => {
    let broker: BrokerProcess | undefined
    beforeAll(async () => {
      broker = await startBroker(kind.name, kind.settings)
      return () => broker?.dispose()
    })
    define(() => broker as BrokerProcess)
  })
}

/** `MAGPIE_BROKERS=redis,nats` leaves the others out. */
export const KINDS = ALL.filter(({ name }) => (process.env.MAGPIE_BROKERS ?? name).split(",").includes(name))
