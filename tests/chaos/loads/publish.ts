// Publishers that always keep some publishes in flight, and one subscriber who hears everything, through any number of
// deaths of the server.
import { type Client, connect } from "@magpie/client"
import type { Chaos } from "../contract.ts"
import { answer } from "../process/answer.ts"
import { UP } from "../servers/chat-server.ts"
import { tokenFor } from "../token.ts"
import { isWhole, type Word, type WordId, word, wordId } from "../word.ts"
import { readAll } from "./read-all.ts"

export type PublishQuestions = {
  /** Somebody hears everything from now on. */
  listen(given: { readonly port: number }): Promise<void>
  publish(given: { readonly port: number; readonly publishers: number; readonly window: number }): void
  /** Makes the log longer by so many large words of a publisher of its own. */
  fill(given: { readonly port: number; readonly by: number; readonly count: number; readonly window: number }): Promise<void>
  progress(): { readonly acknowledged: number; readonly inFlight: number; readonly newestOffset: number; readonly heard: number }
  /** Nothing new is sent any more. */
  hush(): void
  remembered(): {
    readonly sent: readonly WordId[]
    readonly acknowledged: readonly WordId[]
    /** Of each acknowledged word, in the same order. */
    readonly offsets: readonly number[]
    readonly heard: readonly WordId[]
    readonly garbled: number
    readonly gaps: number
    /** Why publishes were refused for good. */
    readonly refusals: readonly string[]
  }
  stored(): Promise<readonly WordId[]>
}

const TEXT_LENGTH = 150
const FILLING_LENGTH = 4_096
/** The server is gone for a moment only, again and again. */
const BACKOFF = { initialMs: 20, maxMs: 100 }

const clients: Client<Chaos>[] = []
const sent: WordId[] = []
const acknowledged: WordId[] = []
const offsets: number[] = []
const heard: WordId[] = []
const refusals: string[] = []
let garbled = 0
let gaps = 0
let newestOffset = 0
let inFlight = 0
let hushed = false

function join(port: number, user: string): Client<Chaos> {
  const client = connect<Chaos>(`ws://127.0.0.1:${port}`, { token: tokenFor(user), backoff: BACKOFF })
  clients.push(client)
  return client
}

function listen(client: Client<Chaos>): Promise<void> {
  const channel = client.channel(UP)
  channel.subscription.on("gap", () => gaps++)
  channel.on("say", ({ data }) => {
    if (isWhole(data)) heard.push(wordId(data))
    else garbled++
  })
  return channel.subscribe()
}

/** One of a publisher's callers: the next publish follows the acknowledgement of the one before. */
async function publishOn(client: Client<Chaos>, next: () => Word | undefined): Promise<void> {
  for (let said = next(); said !== undefined; said = next()) {
    const id = wordId(said)
    sent.push(id)
    inFlight++
    try {
      const { position } = await client.channel(UP).send("say", said)
      acknowledged.push(id)
      offsets.push(position.offset)
      newestOffset = Math.max(newestOffset, position.offset)
    } catch (failure) {
      refusals.push(String(failure))
    }
    inFlight--
  }
}

function callers(client: Client<Chaos>, count: number, next: () => Word | undefined): Promise<unknown> {
  return Promise.all(Array.from({ length: count }, () => publishOn(client, next)))
}

const questions: PublishQuestions = {
  listen: ({ port }) => listen(join(port, "listener")),
  publish({ port, publishers, window }) {
    for (let by = 1; by <= publishers; by++) {
      let n = 0
      void callers(join(port, `publisher-${by}`), window, () => (hushed ? undefined : word(by, ++n, TEXT_LENGTH)))
    }
  },
  async fill({ port, by, count, window }) {
    let n = 0
    await callers(join(port, "filler"), window, () => (n < count ? word(by, ++n, FILLING_LENGTH) : undefined))
  },
  progress: () => ({ acknowledged: acknowledged.length, inFlight, newestOffset, heard: heard.length }),
  hush() {
    hushed = true
  },
  remembered: () => ({ sent, acknowledged, offsets, heard, garbled, gaps, refusals }),
  stored: () => readAll(clients[0] as Client<Chaos>, UP),
}

answer(questions)
