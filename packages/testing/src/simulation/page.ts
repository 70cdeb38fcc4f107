import { type Client, connect, type StreamChannel } from "@magpie/client"
import { persistent } from "@magpie/client/persistent"
import { type Presence, presence } from "@magpie/client/presence"
import type { KindOf } from "@magpie/protocol"
import { type FakeProcess, fakeProcess } from "../fake-process.ts"
import { type Caller, createCaller } from "./caller.ts"
import type { Shown } from "./judge/presence-truth.ts"
import { createNotebook, type Notebook } from "./notebook.ts"
import { createScoreboard, type Scoreboard } from "./scoreboard.ts"
import { BROADCAST, HALL, type Payload, type SimulatedApp, STREAMS, type StreamName, simulatedApp } from "./simulated-app.ts"
import type { SimulatedClientOptions } from "./simulated-client.ts"
import { startDevice } from "./simulated-device.ts"
import { type Papers, tracedTransport } from "./traced-transport.ts"

/** One life of a client, from the opening of its page to its end. */
export interface Page {
  readonly its: FakeProcess
  readonly client: Client<SimulatedApp>
  readonly publisher: string
  readonly hall: Presence<KindOf<SimulatedApp, "hall/:room">>
  readonly notes: Notebook | undefined
  readonly scoreboard: Scoreboard | undefined
  readonly caller: Caller | undefined
  /** Messages of this page, on all channels. */
  said: number
  /** How often it changed what it shows of itself. */
  changes: number
  readonly wakers: ReadonlySet<() => void>
}

export interface PageEvents {
  onWelcome(papers: Papers): void
  /** The server said not to come back. */
  onSentAway(publisher: string): void
}

/** Longer than any run. */
const KEPT_FOR_MS = 30 * 86_400_000

export function openPage(options: SimulatedClientOptions, number: number, { onWelcome, onSentAway }: PageEvents): Page {
  const { name, env, judge, lanes } = options
  const publisher = `${name}.${number}`
  const its = fakeProcess(env)
  const random = env.random.fork(`life-${number}`)
  const wakers = new Set<() => void>()
  let serverUpSinceMs: number | undefined
  const signals = {
    onNetwork: () => () => {},
    onWake(listener: () => void) {
      wakers.add(listener)
      return () => void wakers.delete(listener)
    },
  }
  function welcomed(papers: Papers): void {
    serverUpSinceMs = papers.server?.upSinceMs
    onWelcome(papers)
  }

  const outbox = lanes && persistent({ name, lanes: lanes.open(its.env.clock), maxAgeMs: KEPT_FOR_MS })
  outbox?.on("change", (message) => {
    if ((STREAMS as readonly string[]).includes(message.channel)) judge.keptSends.told(message)
  })
  const client: Client<SimulatedApp> = connect<SimulatedApp>("ws://magpie", {
    contract: simulatedApp,
    environment: { ...its.env, random, transport: tracedTransport(options, its, random, welcomed), signals },
    token: () => options.token(publisher),
    backoff: options.backoff,
    ...(outbox && { outbox }),
  })
  judge.opened(publisher, name)
  client.on("error", (error) => judge.clientError(publisher, error))
  client.on("status", ({ to, cause }) => {
    options.trace(`status ${to}`)
    judge.status(publisher, to, cause)
    if (to === "closed" && cause !== undefined) onSentAway(publisher)
  })
  const hall = presence(client.channel(HALL))
  hall.on("leave", ({ state }) => judge.presence.leftFor(publisher, state as Shown, serverUpSinceMs))
  hall.on("change", () => options.trace(`hall ${hall.version} ${hall.counts.members}`))
  const notes = options.notes ? createNotebook(client, publisher, judge) : undefined
  const caller = options.commands ? createCaller(client, publisher, judge) : undefined
  if (options.device !== undefined) startDevice({ client, publisher, its, disk: options.device, judge })
  const scoreboard = options.rows ? createScoreboard(client, publisher, judge) : undefined
  for (const channel of STREAMS) watch(options, { client, publisher }, channel)
  client.channel(BROADCAST).on("say", ({ data, from }) => judge.beat(publisher, (data as Payload).id, from))
  return { its, client, publisher, hall, notes, scoreboard, caller, said: 0, changes: 0, wakers }
}

function watch(
  { name, judge }: SimulatedClientOptions,
  { client, publisher }: Pick<Page, "client" | "publisher">,
  channel: StreamName,
): void {
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

/** The three streams have one type, which the compiler does not see through a union of names. */
export function streamOf(client: Client<SimulatedApp>, channel: StreamName): StreamChannel<unknown> {
  return client.channel(channel as "chat/a") as unknown as StreamChannel<unknown>
}
