import type { Client, SubscriptionState, Transport } from "@magpie/client"
import { type Env, type MagpieError, toMagpieError } from "@magpie/protocol"
import type { CrashingLanes } from "../crashing-lanes.ts"
import type { FakeProcess } from "../fake-process.ts"
import type { MemoryNetwork } from "../memory-network.ts"
import type { SeededRandom } from "../seeded-random.ts"
import type { Caller } from "./caller.ts"
import type { Judge } from "./judge/judge.ts"
import { messageId } from "./judge/message-id.ts"
import type { Shown } from "./judge/presence-truth.ts"
import type { Notebook } from "./notebook.ts"
import { openPage, type Page, streamOf } from "./page.ts"
import type { Scoreboard } from "./scoreboard.ts"
import { BROADCAST, type Payload, type SimulatedApp, STREAMS, type StreamName } from "./simulated-app.ts"
import type { SimulatedLanes } from "./simulated-lanes.ts"
import type { Papers, Server } from "./traced-transport.ts"

export interface SimulatedClientOptions {
  readonly name: string
  readonly env: Env & { readonly random: SeededRandom }
  readonly network: MemoryNetwork
  readonly judge: Judge
  /** Whether messages change in this run. */
  readonly notes: boolean
  /** Whether a table is written in this run. */
  readonly rows: boolean
  /** Whether a device is told what to do in this run. */
  readonly commands: boolean
  /** Where the device that its pages are keeps what it has begun; undefined where they are none. */
  readonly device: CrashingLanes | undefined
  /** A node to try now. */
  pickNode(): Server
  /** What a page of its user is given to come in with. */
  token(page: string): string
  /** Its page was sent away for good. */
  onSentAway(): void
  /** Everything that the client hears and says. */
  trace(what: string): void
  /** What a life of it connects by. Default: WebSocket. */
  readonly through?: ((webSockets: Transport, its: FakeProcess, random: SeededRandom) => Transport) | undefined
  /** Where its pages keep what they send; undefined where nothing outlives them. */
  readonly lanes: SimulatedLanes | undefined
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
  /** Undefined where no table is written in this run. */
  readonly scoreboard: Scoreboard | undefined
  /** Undefined where nobody is told what to do in this run. */
  readonly caller: Caller | undefined
  freeze(): void
  /** `noticed`: whether the machine says so. */
  thaw(noticed: boolean): void
  jumpWallClock(ms: number): void
  /** The page is gone without a word, and another is opened. */
  reload(): void
  /** Opens another page where an earlier one has left something on the disk that no page sends. */
  takeUp(): void
  readonly hasLeftovers: boolean
  /** Messages that are on the disk. */
  readonly kept: number
  /** Opens another page, where this one was sent away. */
  logIn(): void
  close(): Promise<void>
}

export function createSimulatedClient(options: SimulatedClientOptions): SimulatedClient {
  const { name, env, network, judge, lanes } = options
  const clock = env.clock
  let lives = 0
  let frozen = false
  /** It was sent away, and nobody has logged in since. */
  let out = false
  const ends = env.random.fork("ends")
  let reading = 0
  let papers: Papers = {}
  let life = open()

  function open(): Page {
    return openPage(options, ++lives, { onWelcome: (theirs) => (papers = theirs), onSentAway: sentAway })
  }

  /** Whoever is asleep or sent away says nothing. */
  const isAway = (): boolean => frozen || out

  function reload(): void {
    life.its.kill()
    leave()
    judge.gone(life.publisher)
    frozen = false
    out = false
    reading = 0
    life = open()
  }

  /** What of a page outlives it: rows on the disk, and in a part of the cases a link of which nobody is told. */
  function leave(): void {
    options.device?.crash()
    if (lanes === undefined) return network.reset(name)
    lanes.crash()
    judge.keptSends.left(lanes.kept(STREAMS))
    if (ends.float() < 0.5) network.reset(name)
    else network.strand(name)
  }

  function sentAway(publisher: string): void {
    out = true
    // What is kept goes out when somebody has logged in again.
    if (lanes === undefined) judge.gone(publisher)
    else judge.presence.ended(publisher)
    options.onSentAway()
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
      const asked = client.status.state === "online" ? papers.server : undefined
      const id = messageId(publisher, ++life.said)
      const record = judge.publishes.call({ id, channel, publisher, user: name, calledAt: clock.monotonic() })
      const sent = streamOf(client, channel).send("say" as never, { id, ...how } as never)
      sent
        .then(
          ({ position, level, duplicate }) => {
            if (record.outcome.result !== "pending") return
            if (duplicate) judge.reached(`duplicate-answered${whereOf(asked, papers.server)}`)
            judge.acknowledged(record, position, level)
          },
          (failure: unknown) => {
            const { code } = toMagpieError(failure)
            // Where it is kept, a later page goes on with it.
            if (record.outcome.result === "pending" && !(out && lanes !== undefined)) judge.publishes.failed(record, code)
          },
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
    get scoreboard() {
      return life.scoreboard
    },
    get caller() {
      return life.caller
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
    takeUp() {
      if (!lanes?.hasLeftovers || life.client.status.state !== "online" || life.client.statistics.pending > 0) return
      judge.reached("left-by-an-earlier-page")
      reload()
    },
    get hasLeftovers() {
      return lanes?.hasLeftovers ?? false
    },
    get kept() {
      return lanes?.size ?? 0
    },
    async close() {
      judge.presence.ended(life.publisher)
      await life.client.close()
    },
  }
}

/** What knew that a message was stored: the process that was asked first, the next one on the same disk, or another node. */
function whereOf(asked: Server | undefined, answering: Server | undefined): string {
  if (asked === undefined || answering === undefined) return ""
  if (asked.name !== answering.name) return "-by-another-node"
  return asked.life === answering.life ? "-from-memory" : "-after-restart"
}
