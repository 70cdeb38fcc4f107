// Subscribers of one channel, of whom some read nothing for a while.
import { type Client, connect } from "@magpie/client"
import type { Chaos } from "../contract.ts"
import { add, type Faults, judge, NONE, wordsOf } from "../judge.ts"
import { answer } from "../process/answer.ts"
import { quantile } from "../quantile.ts"
import { SERVER } from "../servers/chat-server.ts"
import { tokenFor } from "../token.ts"
import { isWhole, type WordId, wordId, wordOf } from "../word.ts"
import { type CrowdTransport, createCrowdTransport } from "./crowd-transport.ts"

export type ReadersQuestions = {
  /** Connects so many who read, and so many more who follow nothing yet. */
  open(given: { readonly port: number; readonly channel: string; readonly healthy: number; readonly stalled: number }): Promise<void>
  /** The others follow the channel too, and stop reading. */
  stall(): Promise<void>
  /** How late those who read got their messages since the last question: the 99th percentile in milliseconds. */
  latencyP99(): number
  /** So many of those who stopped read again; the rest leaves. */
  read(count: number): Promise<void>
  /** How many words somebody has neither heard nor been told to miss. */
  missing(said: number): number
  judge(given: { readonly said: number }): { readonly healthy: Account; readonly stalled: Account; readonly gaps: number }
}

/** What went wrong, and how much was openly left out. */
export interface Account extends Faults {
  readonly skipped: number
}

interface Reader {
  readonly client: Client<Chaos>
  readonly transport: CrowdTransport
  readonly heard: WordId[]
  /** Words that it was told it will not get. */
  skipped: number
}

/** Whoever reads nothing does not see the answers to its heartbeats either. */
const HEARTBEAT_MS = 600_000
const ADDRESSES = 20

let channelName = ""
let latencies: number[] = []
let gaps = 0
const healthy: Reader[] = []
let stalled: Reader[] = []

function join(port: number, number: number): Reader {
  const transport = createCrowdTransport({ localAddress: `127.0.0.${1 + (number % ADDRESSES)}`, onAttempt() {} })
  const client = connect<Chaos>(`ws://127.0.0.1:${port}`, { token: tokenFor(`reader-${number}`), transport, heartbeatMs: HEARTBEAT_MS })
  return { client, transport, heard: [], skipped: 0 }
}

async function follow(reader: Reader, onHeard: (at: number) => void): Promise<void> {
  const channel = reader.client.channel(channelName as "talk/flood")
  channel.subscription.on("gap", ({ skipped }) => {
    if (skipped === undefined) gaps++
    else reader.skipped += skipped
  })
  channel.on("say", ({ data, at }) => {
    if (!isWhole(data)) throw new Error("a message was changed on its way")
    reader.heard.push(wordId(data))
    onHeard(at)
  })
  await channel.subscribe()
}

function online({ client }: Reader): Promise<void> {
  return new Promise((resolve) => {
    client.on("status", ({ to }) => to === "online" && resolve())
  })
}

/** What a reader is owed begins with the first word that it heard. */
function owedTo([first = wordId({ by: SERVER, n: 1 })]: readonly WordId[], said: number): number {
  return said - wordOf(first).n + 1
}

/** What a reader was told to miss is not lost. */
function accountOf(readers: readonly Reader[], said: number): Account {
  const all = wordsOf(SERVER, said)
  const accounts = readers.map(({ heard, skipped }, index) => {
    const { subscribers } = judge({
      accepted: all.slice(all.length - owedTo(heard, said)),
      unknown: all,
      heard: new Map([[`reader ${index}`, heard]]),
    })
    return { ...subscribers, skipped, lost: Math.abs(subscribers.lost - skipped) }
  })
  return accounts.reduce((sum, each) => ({ ...add(sum, each), skipped: sum.skipped + each.skipped }), { ...NONE, skipped: 0 })
}

const questions: ReadersQuestions = {
  async open({ port, channel, healthy: reading, stalled: waiting }) {
    channelName = channel
    for (let number = 0; number < reading + waiting; number++) {
      const reader = join(port, number)
      await online(reader)
      if (number >= reading) stalled.push(reader)
      else {
        healthy.push(reader)
        await follow(reader, (at) => latencies.push(Date.now() - at))
      }
    }
  },
  async stall() {
    for (const reader of stalled) {
      await follow(reader, () => {})
      reader.transport.stall()
    }
  },
  latencyP99() {
    const p99 = quantile(latencies, 0.99)
    latencies = []
    return p99
  },
  async read(count) {
    const leaving = stalled.slice(count)
    for (const { transport } of leaving) transport.cut()
    await Promise.all(leaving.map(({ client }) => client.close()))
    stalled = stalled.slice(0, count)
    for (const { transport } of stalled) transport.read()
  },
  missing: (said) =>
    [...healthy, ...stalled].reduce((sum, { heard, skipped }) => sum + Math.abs(owedTo(heard, said) - heard.length - skipped), 0),
  judge: ({ said }) => ({ healthy: accountOf(healthy, said), stalled: accountOf(stalled, said), gaps }),
}

answer(questions)
