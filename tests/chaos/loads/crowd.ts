// Thousands of clients of one process, each with an address and a room. All their links can be cut in one moment.
import { type Client, connect } from "@magpie/client"
import type { Chaos } from "../contract.ts"
import { judge, together, type Verdict } from "../judge.ts"
import { answer } from "../process/answer.ts"
import { roomOf } from "../servers/chat-server.ts"
import { tokenFor } from "../token.ts"
import { isWhole, type WordId, wordId } from "../word.ts"
import { type CrowdTransport, createCrowdTransport } from "./crowd-transport.ts"

export interface Crowd {
  readonly port: number
  /** The number of the first client, over all processes. */
  readonly first: number
  readonly count: number
  readonly rooms: number
}

export type CrowdQuestions = {
  open(given: Crowd): Promise<void>
  /** Resets every link. */
  cut(): void
  /** How many have heard something that was said after the cut. */
  progress(): { readonly resumed: number }
  /** In milliseconds since the cut; each client's first attempt apart from those that followed a failed one. */
  returned(): {
    readonly attempts: readonly number[]
    readonly retries: readonly number[]
    readonly resumed: readonly number[]
    /** How links ended, counted. */
    readonly ends: Readonly<Record<string, number>>
  }
  /** Compares what each heard with what was said in its room. */
  judge(given: { readonly said: readonly (readonly WordId[])[] }): { readonly verdict: Verdict; readonly gaps: number }
}

interface Member {
  readonly client: Client<Chaos>
  readonly transport: CrowdTransport
  readonly room: number
  readonly heard: WordId[]
  attempts: number
  resumedMs: number | undefined
}

const AT_ONCE = 50
const ADDRESSES = 20

const members: Member[] = []
const attempts: number[] = []
const retries: number[] = []
const ends: Record<string, number> = {}
/** Wall time, as the server's messages have it. */
let cutAt = Number.POSITIVE_INFINITY
let garbled = 0
let gaps = 0
let resumed = 0

async function join({ port, rooms }: Crowd, number: number): Promise<void> {
  const transport = createCrowdTransport({
    localAddress: `127.0.0.${1 + (number % ADDRESSES)}`,
    onAttempt: () => (member.attempts++ === 0 ? attempts : retries).push(Date.now() - cutAt),
  })
  const client = connect<Chaos>(`ws://127.0.0.1:${port}`, { token: tokenFor(`user-${number}`), transport })
  const room = number % rooms
  const member: Member = { client, transport, room, heard: [], attempts: 0, resumedMs: undefined }
  members.push(member)
  client.on("status", ({ to, cause }) => {
    if (to !== "reconnecting" || cause === undefined) return
    const why = `${cause.details?.closeCode ?? cause.code} ${cause.details?.reason ?? ""}`.trim()
    ends[why] = (ends[why] ?? 0) + 1
  })
  const channel = client.channel(roomOf(room))
  channel.subscription.on("gap", () => gaps++)
  channel.on("say", ({ data, at }) => {
    if (isWhole(data)) member.heard.push(wordId(data))
    else garbled++
    if (at < cutAt || member.resumedMs !== undefined) return
    member.resumedMs = Date.now() - cutAt
    resumed++
  })
  await channel.subscribe()
}

const questions: CrowdQuestions = {
  async open(crowd) {
    let next = crowd.first
    async function joinSome(): Promise<void> {
      while (next < crowd.first + crowd.count) await join(crowd, next++)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, joinSome))
  },
  cut() {
    attempts.length = 0
    retries.length = 0
    for (const why of Object.keys(ends)) delete ends[why]
    cutAt = Date.now()
    for (const member of members) {
      member.attempts = 0
      member.transport.cut()
    }
  },
  progress: () => ({ resumed }),
  returned: () => ({ attempts, retries, resumed: members.flatMap(({ resumedMs }) => resumedMs ?? []), ends }),
  judge({ said }) {
    const byRoom = said.map((accepted, room) => {
      const followers = members.filter((member) => member.room === room)
      const heard = new Map(followers.map((member, index) => [`follower ${index} of room ${room}`, member.heard] as const))
      return judge({ accepted, heard })
    })
    if (garbled > 0) throw new Error(`${garbled} messages were changed on their way`)
    return { verdict: together(byRoom), gaps }
  },
}

answer(questions)
