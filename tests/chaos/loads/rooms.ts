// Clients in rooms, in one process, behind a load balancer. They talk evenly, hear their room, and remember everything.
import { type Client, connect } from "@magpie/client"
import { PONG_TIMEOUT_MS } from "../contenders/contenders.ts"
import type { Chaos } from "../contract.ts"
import { answer } from "../process/answer.ts"
import { roomOf } from "../servers/chat-server.ts"
import { tokenFor } from "../token.ts"
import { isWhole, type WordId, word, wordId } from "../word.ts"
import { readAll } from "./read-all.ts"

export interface Room {
  readonly sent: readonly WordId[]
  readonly accepted: readonly WordId[]
  /** By client. */
  readonly heard: ReadonlyMap<string, readonly WordId[]>
  readonly stored: readonly WordId[]
}

export interface Told {
  readonly garbled: number
  readonly gaps: number
  /** Why words were refused for good. */
  readonly refusals: readonly string[]
  /** Longest time in which nobody was given an acknowledgement while everybody talked. */
  readonly longestWaitMs: number
}

export type RoomsQuestions = {
  open(given: { readonly url: string; readonly clients: number; readonly rooms: number }): Promise<void>
  /** All of them together say so much a second, one after the other. */
  talk(given: { readonly perSecond: number }): void
  hush(): void
  /** How many words were heard so far, and whether anything that was said still waits. */
  progress(): { readonly heard: number; readonly accepted: number; readonly settled: boolean }
  told(): Told
  /** Of one room, with what its log holds, read through a client. */
  room(number: number): Promise<Room>
}

interface Member {
  readonly client: Client<Chaos>
  readonly room: number
  readonly sent: WordId[]
  readonly accepted: WordId[]
  readonly heard: WordId[]
  readonly settled: () => boolean
}

const members: Member[] = []
const refusals: string[] = []
let [heardInAll, acceptedInAll, garbled, gaps] = [0, 0, 0, 0]
let [acceptedAt, longestWaitMs] = [0, 0]
let timer: NodeJS.Timeout | undefined
let door = ""

async function join(url: string, number: number, room: number): Promise<void> {
  const client = connect<Chaos>(url, { token: () => tokenFor(`user-${number}`), pongTimeoutMs: PONG_TIMEOUT_MS })
  const channel = client.channel(roomOf(room))
  const heard: WordId[] = []
  const settled = (): boolean => client.statistics.pending === 0 && channel.subscription.state.state === "live"
  members.push({ client, room, sent: [], accepted: [], heard, settled })
  channel.on("say", ({ data }) => {
    heardInAll++
    if (isWhole(data)) heard.push(wordId(data))
    else garbled++
  })
  channel.subscription.on("gap", () => gaps++)
  await channel.subscribe()
}

function sayNext(turn: number): void {
  const number = turn % members.length
  const member = members[number]
  if (member === undefined) return
  const said = word(number + 1, member.sent.length + 1)
  const id = wordId(said)
  member.sent.push(id)
  member.client
    .channel(roomOf(member.room))
    .send("say", said)
    .then(
      () => accept(member, id),
      (failure: unknown) => refusals.push(String(failure)),
    )
}

function accept(member: Member, id: WordId): void {
  const now = performance.now()
  if (timer !== undefined) longestWaitMs = Math.max(longestWaitMs, now - acceptedAt)
  acceptedAt = now
  acceptedInAll++
  member.accepted.push(id)
}

const questions: RoomsQuestions = {
  async open({ url, clients, rooms }) {
    door = url
    for (let number = 0; number < clients; number++) await join(url, number, number % rooms)
  },
  talk({ perSecond }) {
    const started = performance.now()
    acceptedAt = started
    let turn = 0
    timer = setInterval(() => {
      const due = Math.floor(((performance.now() - started) * perSecond) / 1_000)
      while (turn < due) sayNext(turn++)
    }, 5)
  },
  hush() {
    clearInterval(timer)
    timer = undefined
  },
  progress: () => ({ heard: heardInAll, accepted: acceptedInAll, settled: members.every(({ settled }) => settled()) }),
  told: () => ({ garbled, gaps, refusals, longestWaitMs }),
  async room(number) {
    const here = members.map((member, index) => ({ ...member, name: `client ${index}` })).filter(({ room }) => room === number)
    const reader = connect<Chaos>(door, { token: () => tokenFor("reader") })
    try {
      return {
        sent: here.flatMap(({ sent }) => sent),
        accepted: here.flatMap(({ accepted }) => accepted),
        heard: new Map(here.map(({ name, heard }) => [name, heard])),
        stored: await readAll(reader, roomOf(number)),
      }
    } finally {
      await reader.close()
    }
  },
}

answer(questions)
