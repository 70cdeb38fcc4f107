// Magpie as its users run it: a contract with schemas, signed tokens, rules, a store on the disk. Only limits that one
// machine cannot keep while it plays everybody are raised, by the options that it was started with.
import { readFileSync } from "node:fs"
import { createServer, jwt, lmdb } from "@magpie/server"
import { chaos } from "../contract.ts"
import { answer, note } from "../process/answer.ts"
import { secret } from "../token.ts"
import { word, wordId } from "../word.ts"
import { type ChatNote, type ChatQuestions, createSpeaker, DOWN, type Opened, roomOf, SERVER, type Speaker } from "./chat-server.ts"
import { type LoopDelay, watchLoop } from "./loop-delay.ts"

export interface MagpieServerOptions {
  readonly directory: string
  readonly heartbeatMs?: number
  readonly pongTimeoutMs?: number
  readonly limits?: Readonly<Record<string, number>>
}

export interface MagpieServerUsage {
  /** Resident memory without that of files, which the store maps. */
  readonly ownBytes: number
  /** JavaScript's heap and the buffers outside of it. */
  readonly heapBytes: number
  readonly cpuSeconds: number
}

export type MagpieServerQuestions = ChatQuestions & {
  /** The server talks in so many rooms in turn from now on. */
  spreadOver(rooms: number): void
  /** Says one word in each of them, at once. */
  sayAround(): void
  /** Says one word. */
  sayOne(given: { readonly channel: string; readonly n: number; readonly length: number }): Promise<void>
  /** Says long words without a pause, as many as it may; those that were said are counted from 1. */
  flood(given: { readonly channel: string; readonly perSecond: number; readonly length: number }): void
  /** Ends it; how many words that were, when the last of them is safe. */
  ebb(): Promise<number>
  /** Begins to watch the event loop. */
  watch(): void
  loopDelay(): LoopDelay
  counters(): Readonly<Record<string, number>>
  usage(given?: { readonly collect?: boolean }): Promise<MagpieServerUsage>
  newestOffset(channel: string): number
}

const { directory, ...options } = JSON.parse(process.argv[2] ?? "{}") as MagpieServerOptions

const started = performance.now()
const loop = watchLoop()
const server = createServer(chaos, {
  auth: jwt({ secret: secret() }),
  storage: lmdb({ directory }),
  log: (level, event, fields) => {
    if (level === "error") process.stderr.write(`${event} ${JSON.stringify(fields ?? {})}\n`)
  },
  ...options,
})
const known = { authorize: ({ user }: { readonly user: unknown }) => user !== undefined }
server.channel("talk/:room", known)
server.channel("flash/:room", known)

function tell(told: ChatNote): void {
  note(told)
}

/** Undefined while the server talks to everybody in one place. */
let rooms: number | undefined

/** A word that the server is not sure of is said again under the same key. */
async function say(n: number): Promise<void> {
  await server.channel(rooms === undefined ? DOWN : roomOf(n % rooms)).publish("say", word(SERVER, n), { key: `word-${n}` })
  tell({ spoke: wordId({ by: SERVER, n }) })
}

/** More are not said while so many wait for the disk. */
const MAX_WAITING = 2_000

let flooding: { readonly speaker: Speaker; readonly waiting: Set<Promise<unknown>>; said: number } | undefined

function flood({ channel, perSecond, length }: { channel: string; perSecond: number; length: number }): void {
  const waiting = new Set<Promise<unknown>>()
  const state = { speaker: createSpeaker(pour), waiting, said: 0 }
  const target = server.channel(channel as typeof DOWN)

  function pour(): void {
    if (waiting.size >= MAX_WAITING) return
    // A broadcast is on its way at once and gives no promise.
    const safe: Promise<unknown> = Promise.resolve(target.publish("say", word(SERVER, ++state.said, length)))
    waiting.add(safe)
    void safe.then(() => waiting.delete(safe))
  }

  flooding = state
  state.speaker.speak({ from: 1, perSecond })
}

async function ebb(): Promise<number> {
  flooding?.speaker.hush()
  await Promise.all(flooding?.waiting ?? [])
  return flooding?.said ?? 0
}

const speaker = createSpeaker((n) => void say(n))

const questions: MagpieServerQuestions = {
  async listen(): Promise<Opened> {
    const { port } = await server.listen({ port: 0, host: "127.0.0.1" })
    return { port, openedMs: performance.now() - started }
  },
  speak: speaker.speak,
  hush: speaker.hush,
  sayAround: () => speaker.burst(rooms ?? 1),
  spreadOver(count) {
    rooms = count
  },
  sayOne: async ({ channel, n, length }) => void (await server.channel(channel as typeof DOWN).publish("say", word(SERVER, n, length))),
  flood,
  ebb,
  watch: loop.restart,
  loopDelay: loop.read,
  counters: () => server.counters,
  async usage({ collect = false } = {}) {
    if (collect) await collectGarbage()
    const { user, system } = process.cpuUsage()
    const { heapUsed, external } = process.memoryUsage()
    return { ownBytes: ownBytes(), heapBytes: heapUsed + external, cpuSeconds: (user + system) / 1e6 }
  },
  newestOffset: (channel) => server.channel(channel as typeof DOWN).position.offset,
}

function ownBytes(): number {
  const [, kilobytes] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8")) ?? []
  return Number(kilobytes) * 1_024
}

async function collectGarbage(): Promise<void> {
  if (globalThis.gc === undefined) throw new Error("started without --expose-gc")
  for (let round = 0; round < 3; round++) {
    globalThis.gc()
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

answer(questions)
