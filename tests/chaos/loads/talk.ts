// Clients of one chat in one process. They talk evenly, hear everything, and remember it.
import { connect } from "@magpie/client"
import { CONTENDERS, type ContenderName } from "../contenders/contenders.ts"
import { openMagpieTalker } from "../contenders/magpie-talker.ts"
import { openSocketIoTalker } from "../contenders/socket-io-talker.ts"
import type { Talker, TalkerEvents } from "../contenders/talker.ts"
import type { Chaos } from "../contract.ts"
import { answer } from "../process/answer.ts"
import { DOWN, UP } from "../servers/chat-server.ts"
import { tokenFor } from "../token.ts"
import { isWhole, type WordId, word, wordId } from "../word.ts"
import { readAll } from "./read-all.ts"

export interface Remembered {
  readonly sent: readonly WordId[]
  readonly accepted: readonly WordId[]
  /** By channel and client. */
  readonly heard: Readonly<Record<string, readonly (readonly WordId[])[]>>
  readonly garbled: number
  readonly gaps: number
  /** Why words were refused for good. */
  readonly refusals: readonly string[]
}

export type TalkQuestions = {
  open(given: { readonly contender: ContenderName; readonly ports: readonly number[] }): Promise<void>
  /** All of them together say so much a second, one after the other. */
  talk(given: { readonly perSecond: number }): void
  hush(): void
  /** How many words were heard so far, and whether anything that was said still waits. */
  progress(): { readonly heard: number; readonly settled: boolean }
  remembered(): Remembered
  /** What the server's log holds of a channel, read through a client. */
  stored(given: { readonly port: number; readonly channel: string }): Promise<readonly WordId[]>
  close(): Promise<void>
}

const talkers: Talker[] = []
const sent: WordId[] = []
const accepted: WordId[] = []
const heard: Record<string, WordId[][]> = { [UP]: [], [DOWN]: [] }
let heardInAll = 0
const refusals: string[] = []
let garbled = 0
let gaps = 0
let timer: NodeJS.Timeout | undefined

function eventsOf(client: number): TalkerEvents {
  for (const channel of [UP, DOWN]) heard[channel]?.push([])
  return {
    onHeard(channel, said) {
      heardInAll++
      if (isWhole(said)) heard[channel]?.[client]?.push(wordId(said))
      else garbled++
    },
    onAccepted: (said) => void accepted.push(wordId(said)),
    onRefused: (why) => void refusals.push(String(why)),
    onGap: () => void gaps++,
  }
}

/** Publishers are counted from 1: 0 is the server. */
function sayNext(turn: number): void {
  const client = turn % talkers.length
  const said = word(client + 1, Math.floor(turn / talkers.length) + 1)
  sent.push(wordId(said))
  talkers[client]?.say(said)
}

const questions: TalkQuestions = {
  async open({ contender, ports }) {
    for (const [client, port] of ports.entries()) {
      const options = { port, user: `user-${client}`, events: eventsOf(client) }
      talkers.push(CONTENDERS[contender] === CONTENDERS.magpie ? openMagpieTalker(options) : openSocketIoTalker(contender, options))
    }
    await Promise.all(talkers.map(({ ready }) => ready))
  },
  talk({ perSecond }) {
    const started = performance.now()
    let turn = 0
    timer = setInterval(() => {
      const due = Math.floor(((performance.now() - started) * perSecond) / 1_000)
      while (turn < due) sayNext(turn++)
    }, 1_000 / perSecond)
  },
  hush: () => clearInterval(timer),
  progress: () => ({ heard: heardInAll, settled: talkers.every(({ settled }) => settled) }),
  remembered: () => ({ sent, accepted, heard, garbled, gaps, refusals }),
  async stored({ port, channel }) {
    const client = connect<Chaos>(`ws://127.0.0.1:${port}`, { token: tokenFor("reader") })
    try {
      return await readAll(client, channel)
    } finally {
      await client.close()
    }
  },
  async close() {
    await Promise.all(talkers.map((talker) => talker.close()))
  },
}

answer(questions)
