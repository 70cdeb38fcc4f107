import { type Client, connect, type StreamChannel, type SubscriptionState, type Transport } from "@magpie/client"
import { type Presence, presence } from "@magpie/client/presence"
import { type Env, type KindOf, type MagpieError, toMagpieError } from "@magpie/protocol"
import { type FakeProcess, fakeProcess } from "../fake-process.ts"
import type { MemoryNetwork } from "../memory-network.ts"
import type { SeededRandom } from "../seeded-random.ts"
import type { Judge } from "./judge/judge.ts"
import { messageId } from "./judge/message-id.ts"
import type { Shown } from "./judge/presence-truth.ts"
import { createNotebook, type Notebook } from "./notebook.ts"
import { BROADCAST, HALL, type Payload, type SimulatedApp, STREAMS, type StreamName, simulatedApp } from "./simulated-app.ts"
import { type Papers, tracedTransport } from "./traced-transport.ts"

export interface SimulatedClientOptions {
  readonly name: string
  readonly env: Env & { readonly random: SeededRandom }
  readonly network: MemoryNetwork
  readonly judge: Judge
  /** Whether messages change in this run. */
  readonly notes: boolean
  /** A node to try now. */
  pickNode(): string
  /** What a page of its user is given to come in with. */
  token(page: string): string
  /** Its page was sent away for good. */
  onSentAway(): void
  /** Everything that the client hears and says. */
  trace(what: string): void
  /** What a life of it connects by. Default: WebSocket. */
  readonly through?: ((webSockets: Transport, its: FakeProcess, random: SeededRandom) => Transport) | undefined
  readonly backoff: { readonly initialMs: number; readonly maxMs: number }
}

/** One user's client, over the lives of its pages. */
export interface SimulatedClient {
  readonly name: string
  readonly client: Client<SimulatedApp>
  /** Of this life. */
  readonly publisher: string
  /** Something of this client is under way that a fault could hurt. */
  readonly isBusy: boolean
  /** It is asleep, or was sent away: nobody is at it. */
  readonly isAway: boolean
  /** What its last welcome gave it, for somebody who steals that. */
  readonly papers: Papers
  subscriptionTo(channel: StreamName): SubscriptionState["state"]
  publish(channel: StreamName, how?: Omit<Payload, "id">): void
  beat(): void
  follow(channel: StreamName, last?: number): void
  leave(channel: StreamName): void
  /** Asks again for what was refused. */
  retry(channel: StreamName): void
  readHistory(channel: StreamName, limit: number): void
  /** Be present in the hall, or change what is shown there. */
  enter(): void
  withdraw(): void
  /** Who is present in the hall, as far as this client is told; undefined while it is not told. */
  readonly hall: readonly { readonly user: string | undefined; readonly state: Shown }[] | undefined
  /** Undefined where no messages change in this run. */
  readonly notes: Notebook | undefined
  freeze(): void
  /** `noticed`: whether the machine says so. */
  thaw(noticed: boolean): void
  jumpWallClock(ms: number): void
  /** The page is gone without a word, and another is opened. */
  reload(): void
  /** Opens another page, where this one was sent away. */
  logIn(): void
  close(): Promise<void>
}

interface Life {
  readonly its: FakeProcess
  readonly client: Client<SimulatedApp>
  readonly publisher: string
  readonly hall: Presence<KindOf<SimulatedApp, "hall/:room">>
  readonly notes: Notebook | undefined
  /** Messages of this life, on all channels. */
  said: number
  /** How often it changed what it shows of itself. */
  changes: number
  readonly wakers: ReadonlySet<() => void>
}

export function createSimulatedClient(options: SimulatedClientOptions): SimulatedClient {
  const { name, env, network, judge } = options
  const clock = env.clock
  let lives = 0
  let frozen = false
  /** It was sent away, and nobody has logged in since. */
  let out = false
  let reading = 0
  let papers: Papers = {}
  let life = open()

  function open(): Life {
    const publisher = `${name}.${++lives}`
    const its = fakeProcess(env)
    const random = env.random.fork(`life-${lives}`)
    const wakers = new Set<() => void>()
    const signals = {
      onNetwork: () => () => {},
      onWake(listener: () => void) {
        wakers.add(listener)
        return () => void wakers.delete(listener)
      },
    }
    const environment = { ...its.env, random, transport: tracedTransport(options, its, random, (theirs) => (papers = theirs)), signals }
    const token = (): string => options.token(publisher)
    const client: Client<SimulatedApp> = connect<SimulatedApp>("ws://magpie", {
      contract: simulatedApp,
      environment,
      token,
      backoff: options.backoff,
    })
    judge.opened(publisher, name)
    client.on("error", (error) => judge.clientError(publisher, error))
    client.on("status", ({ to, cause }) => {
      options.trace(`status ${to}`)
      judge.status(publisher, to, cause)
      if (to === "closed" && cause !== undefined) sentAway(publisher)
    })
    const hall = presence(client.channel(HALL))
    hall.on("leave", ({ state }) => judge.presence.leftFor(publisher, state))
    hall.on("change", () => options.trace(`hall ${hall.version} ${hall.counts.members}`))
    const notes = options.notes ? createNotebook(client, publisher, judge) : undefined
    const opened = { its, client, publisher, hall, notes, said: 0, changes: 0, wakers }
    for (const channel of STREAMS) watch(opened, channel)
    client.channel(BROADCAST).on("say", ({ data, from }) => judge.beat(publisher, (data as Payload).id, from))
    return opened
  }

  /** Whoever is asleep or sent away says nothing. */
  const isAway = (): boolean => frozen || out

  function reload(): void {
    life.its.kill()
    network.reset(name)
    judge.gone(life.publisher)
    frozen = false
    out = false
    reading = 0
    life = open()
  }

  function sentAway(publisher: string): void {
    out = true
    judge.gone(publisher)
    options.onSentAway()
  }

  function watch({ client, publisher }: Pick<Life, "client" | "publisher">, channel: StreamName): void {
    const following = judge.following(publisher, channel)
    const { subscription, onAny } = streamOf(client, channel)
    following.begin()
    subscription.on("state", ({ state }) => {
      if (state === "live" && subscription.position) following.live(subscription.position)
    })
    subscription.on("gap", (notice) => {
      judge.gap(publisher, notice)
      following.gap(notice, subscription.position)
    })
    subscription.on("recovered", () => judge.reached("recovered"))
    onAny((message) => {
      const { offset = 0, data, from } = message as { offset?: number; data: Payload; from: string | undefined }
      const place = { epoch: subscription.position?.epoch ?? "", offset, mark: subscription.position?.mark }
      judge.delivered(name, channel, place, data.id, from)
      following.message(place, offset, data.id)
    })
  }

  function ignore(asked: Promise<unknown>): void {
    asked.catch((failure: unknown) => judge.clientError(life.publisher, toMagpieError(failure)))
  }

  return {
    name,
    get client() {
      return life.client
    },
    get publisher() {
      return life.publisher
    },
    get isBusy() {
      return life.client.statistics.pending > 0 || reading > 0 || STREAMS.some((channel) => judge.isOwed(life.publisher, channel))
    },
    get isAway() {
      return isAway()
    },
    get papers() {
      return papers
    },
    subscriptionTo: (channel) => streamOf(life.client, channel).subscription.state.state,
    publish(channel, how = {}) {
      if (isAway()) return
      const { client, publisher } = life
      const id = messageId(publisher, ++life.said)
      const record = judge.publishes.call({ id, channel, publisher, user: name, calledAt: clock.monotonic() })
      const sent = streamOf(client, channel).send("say" as never, { id, ...how } as never)
      sent
        .then(
          ({ position, level, duplicate }) => {
            if (record.outcome.result !== "pending") return
            if (duplicate) judge.reached("duplicate-answered")
            judge.acknowledged(record, position, level)
          },
          (failure: unknown) => record.outcome.result === "pending" && judge.publishes.failed(record, toMagpieError(failure).code),
        )
        .catch(judge.broken)
    },
    beat() {
      if (isAway()) return
      const id = messageId(life.publisher, ++life.said)
      judge.beatSent(id, name)
      life.client.channel(BROADCAST).send("say", { id })
    },
    follow(channel, last) {
      if (isAway()) return
      const stream = streamOf(life.client, channel)
      if (stream.subscription.state.state === "idle") judge.following(life.publisher, channel).begin()
      ignore(stream.subscribe(last === undefined ? {} : { last }))
    },
    leave(channel) {
      if (isAway()) return
      judge.following(life.publisher, channel).end()
      ignore(streamOf(life.client, channel).unsubscribe())
    },
    retry(channel) {
      const stream = streamOf(life.client, channel)
      if (stream.subscription.state.state === "refused") ignore(stream.subscribe())
    },
    readHistory(channel, limit) {
      if (isAway()) return
      reading++
      const read = streamOf(life.client, channel).history({ limit })
      const check = ({ messages, position }: Awaited<typeof read>): void =>
        judge.historyRead(
          name,
          channel,
          position.epoch,
          messages as readonly { offset?: number; data: unknown; from: string | undefined }[],
        )
      read
        .then(check, (failure: MagpieError) => judge.clientError(life.publisher, failure))
        .catch(judge.broken)
        .finally(() => reading--)
    },
    enter() {
      if (isAway()) return
      const { hall, publisher, client } = life
      const change = ++life.changes
      judge.presence.wished(publisher, change)
      const taken = (): void => {
        const { status } = client
        if (status.state === "online") judge.presence.taken(publisher, status.connection)
      }
      hall.enter({ who: publisher, change }).then(taken, (failure: unknown) => judge.clientError(publisher, toMagpieError(failure)))
    },
    withdraw() {
      if (isAway()) return
      judge.presence.wished(life.publisher, undefined)
      ignore(life.hall.leave())
    },
    get hall() {
      const { hall } = life
      return hall.state.state === "live" && !frozen ? [...hall.members.values()] : undefined
    },
    get notes() {
      return life.notes
    },
    freeze() {
      frozen = true
      life.its.pause()
    },
    thaw(noticed) {
      if (!frozen) return
      frozen = false
      life.its.resume()
      if (noticed) for (const wake of life.wakers) life.its.run(wake)
    },
    jumpWallClock: (ms) => life.its.jumpWallClock(ms),
    reload,
    logIn() {
      if (out) reload()
    },
    async close() {
      judge.presence.ended(life.publisher)
      await life.client.close()
    },
  }
}

/** The three streams have one type, which the compiler does not see through a union of names. */
function streamOf(client: Client<SimulatedApp>, channel: StreamName): StreamChannel<unknown> {
  return client.channel(channel as "chat/a") as unknown as StreamChannel<unknown>
}
