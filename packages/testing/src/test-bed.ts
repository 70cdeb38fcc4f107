import { type Client, type ConnectOptions, connect, type Signals, type Transport } from "@magpie/client"
import type { TransportWorld } from "@magpie/client/transports"
import { memoryStorage, openDurableLog, type Storage } from "@magpie/journal"
import { type AnyContract, DEFAULT_PATH, type Env, type PatternName } from "@magpie/protocol"
import type { ChannelRules, LoadMeter, UpdateJoiner, User } from "@magpie/server/core"
import {
  type Core,
  type CoreOptions,
  checkOptions,
  createCore,
  createHttpTransports,
  type HttpTransports,
  retentionOf,
} from "@magpie/server/core"
import { fakeCrypto } from "./fake-crypto.ts"
import { type FakeEnv, type FakeEnvOptions, fakeEnv } from "./fake-env.ts"
import { fakeProcess } from "./fake-process.ts"
import { type MemoryNetwork, memoryNetwork } from "./memory-network.ts"
import { type RawConnection, type RawConnectionOptions, rawConnection, TEST_HOST } from "./raw-connection.ts"

export interface TestBedOptions<C extends AnyContract, U extends User> extends CoreOptions<U>, FakeEnvOptions {
  readonly rules: { readonly [P in PatternName<C>]: ChannelRules<C, P, U> }
  /** Default: memory. A function is given the bed's world, for a storage whose commits take time. */
  readonly storage?: Storage | ((env: Env) => Storage)
  /** What the server believes to carry. Default: it does not look. */
  readonly load?: LoadMeter
  /** What joins the updates of documents. Default: nothing does. */
  readonly joiner?: UpdateJoiner
}

/** A server, a network and any number of clients in one process, on one fake clock: milliseconds instead of minutes. */
export interface TestBed<C extends AnyContract, U extends User> {
  readonly env: FakeEnv
  readonly clock: FakeEnv["clock"]
  readonly network: MemoryNetwork
  /** The server that runs now. */
  readonly server: Core<C, U>
  /** A client of its own; everything but the network and the clock is the real thing. */
  connect(options?: TestClientOptions<C>): Client<C>
  /** A link that says whatever the test likes, for plain and hostile clients. */
  raw(options?: RawConnectionOptions): RawConnection
  /** The server dies without a word and stays away; what was not committed is gone when the storage says so. */
  kill(): void
  /** A server starts on that storage, under the same name. */
  start(storage?: Storage): Promise<void>
  /** Closes clients and server; then nothing may be left on the clock [G12]. */
  close(): Promise<void>
}

export interface TestClientOptions<C extends AnyContract> extends Omit<ConnectOptions<C>, "transport" | "environment"> {
  readonly address?: string
  readonly plain?: boolean
  /** By so much the wall clock of its machine is ahead of the server's; below 0 it is behind. Default: 0. */
  readonly wallClockAheadMs?: number
  /** Another way than by WebSocket: made of the client's own WebSockets and HTTP. */
  readonly transport?: (webSockets: Transport, world: TransportWorld) => Transport
}

interface Running<C extends AnyContract, U extends User> {
  readonly core: Core<C, U>
  readonly http: HttpTransports
  readonly unlisten: () => void
  readonly kill: () => void
}

const SETTLE_STEP_MS = 100
const SETTLE_LIMIT_MS = 60_000
const SILENT: Signals = { onNetwork: () => () => {}, onWake: () => () => {} }

export async function createTestBed<C extends AnyContract, U extends User = User>(
  contract: C,
  options: TestBedOptions<C, U>,
): Promise<TestBed<C, U>> {
  const env = fakeEnv(options)
  const network = memoryNetwork(env)
  const clients: Client<C>[] = []
  const checked = checkOptions(options)
  let running: Running<C, U> | undefined
  let clientSeed = 0

  async function start(storage: Storage): Promise<void> {
    const settings = { retention: retentionOf(contract), deduplicationMs: checked.deduplicationMs }
    const its = fakeProcess(env)
    const log = await settled(openDurableLog({ storage, env: its.env, settings }))
    const { load, joiner } = options
    const onMemoryExhausted = (): void => void core.close()
    const core: Core<C, U> = createCore<C, U>(contract, checked, log, {
      ...its.env,
      crypto: fakeCrypto,
      ...(load === undefined ? undefined : { load, onMemoryExhausted }),
      ...(joiner === undefined ? undefined : { joiner }),
    })
    for (const [pattern, rules] of Object.entries(options.rules)) setRules(core, pattern, rules)
    const http = createHttpTransports({ core, path: DEFAULT_PATH, origins: checked.origins, limits: checked.limits, ...its.env })
    running = { core, http, unlisten: network.listen(TEST_HOST, { knock: core.knock, accept: core.accept, http }), kill: its.kill }
    await env.clock.settle()
  }

  /** Awaits what needs fake time to pass. */
  async function settled<T>(pending: Promise<T>): Promise<T> {
    let done = false
    const finish = (): void => {
      done = true
    }
    pending.then(finish, finish)
    await env.clock.settle()
    for (let waited = 0; !done && waited < SETTLE_LIMIT_MS; waited += SETTLE_STEP_MS) await env.clock.advance(SETTLE_STEP_MS)
    if (!done) throw new Error(`something did not end within ${SETTLE_LIMIT_MS} ms of fake time`)
    return pending
  }

  const bed: TestBed<C, U> = {
    env,
    clock: env.clock,
    network,
    get server() {
      if (running === undefined) throw new Error("the server is not running")
      return running.core
    },
    connect({ address, plain, wallClockAheadMs = 0, transport: through, ...rest } = {}) {
      const options = {
        ...(address === undefined ? undefined : { address }),
        ...(plain === undefined ? undefined : { plain }),
      }
      const random = env.random.fork(`client-${clientSeed++}`)
      const transport =
        through?.(network.transport(options), { http: network.http(options), clock: env.clock, random }) ?? network.transport(options)
      const clock = { ...env.clock, now: () => env.clock.now() + wallClockAheadMs }
      const environment = { ...env, clock, random, transport, signals: SILENT }
      const client = connect<C>(`ws://${TEST_HOST}`, { contract, ...rest, environment })
      clients.push(client)
      return client
    },
    raw: (raw) => rawConnection(network, raw),
    kill() {
      running?.kill()
      running?.unlisten()
      running = undefined
    },
    start: (storage = memoryStorage()) => start(storage),
    async close() {
      await settled(Promise.all(clients.map((client) => client.close())))
      if (running) await settled(running.core.close({ spreadMs: 0 }))
      running?.http.close()
      running?.unlisten()
      running = undefined
      // What travelled when the links broke arrives nowhere.
      await env.clock.advance(Math.max(SETTLE_STEP_MS, network.latencyMs))
    },
  }
  const { storage = memoryStorage() } = options
  await start(typeof storage === "function" ? storage(env) : storage)
  return bed
}

/** The rules' own types were checked where they were written. */
function setRules<C extends AnyContract, U extends User>(core: Core<C, U>, pattern: string, rules: unknown): void {
  const set = core.channel as unknown as (pattern: string, rules: unknown) => void
  set(pattern, rules)
}
