import { broadcast, command, contract, json, MagpieError, stream, table } from "@magpie/protocol"
import type { ChannelRules, User } from "@magpie/server/core"
import type { Shown } from "./judge/presence-truth.ts"

/** What is published in a simulation. The id tells who sent it and as which of their messages, so that a judge can read it. */
export interface Payload {
  readonly id: string
  /** Refused by the server's `accept`, for good. */
  readonly refused?: boolean
  readonly pad?: string
}

const messages = { say: json() }

/** A message that changes: one grows by tokens, of the other the text is replaced. */
export interface Note {
  readonly id: string
  readonly text: string
}

/** A row of a table: who wrote it as what, and a number. */
export interface Score {
  readonly id: string
  readonly count: number
}

/** What a device is told to do. */
export interface Errand {
  readonly takesMs: number
}

/** The contract under simulation: a stream that keeps everything, one that soon forgets, one whose messages change, a table, commands, a broadcast, and a place to be present in. */
export const simulatedApp = contract({
  "chat/:room": stream({ messages }),
  "short/:room": stream({ messages, retention: { maxCount: 8, maxAgeMs: 20_000 } }),
  "beat/:room": broadcast({ messages }),
  "note/:room": stream({
    messages: { grow: json<Note>(), say: json<Note>() },
    changes: { grow: { append: "text" }, say: { edit: "any", delete: true, reactions: true } },
    receipts: true,
    retention: { maxCount: 16, maxAgeMs: 3_600_000 },
  }),
  "board/:room": table({ key: json<string>(), value: json<Score>() }),
  "device/:id": command(
    { run: { input: json<Errand>(), output: json<{ readonly by: string }>(), progress: json<{ readonly ms: number }>() } },
    { deadlineMs: 8_000, reportMs: 10_000 },
  ),
  "hall/:room": broadcast({ messages, presence: json<Shown>() }),
})
export type SimulatedApp = typeof simulatedApp

export const STREAMS = ["chat/a", "chat/b", "short/a"] as const
export const BROADCAST = "beat/a"
export const HALL = "hall/a"
/** Who has a valid token and no rights. */
export const HOSTILE_USER = "mallory"
export const NOTES = "note/a"
export const TABLE = "board/a"
export const DEVICE = "device/a"
export type StreamName = (typeof STREAMS)[number]

/** The stream that a share from 0 to 1 stands for. */
export const streamAt = (share: number): StreamName => STREAMS[Math.floor(share * STREAMS.length)] ?? STREAMS[0]

/** Who may do nothing on which channel now. */
export interface Rights {
  isDenied(user: string, channel: string): boolean
  /** Since when every server acts on it; undefined while one of them does not know yet, or the right is there. */
  deniedSince(user: string, channel: string): number | undefined
  deny(user: string, channel: string): void
  enforced(user: string, channel: string): void
  allow(user: string, channel: string): void
}

export function createRights(monotonic: () => number): Rights {
  const denied = new Map<string, number | undefined>()
  return {
    isDenied: (user, channel) => denied.has(`${user} ${channel}`),
    deniedSince: (user, channel) => denied.get(`${user} ${channel}`),
    deny: (user, channel) => void denied.set(`${user} ${channel}`, undefined),
    enforced(user, channel) {
      const key = `${user} ${channel}`
      if (denied.has(key)) denied.set(key, monotonic())
    },
    allow: (user, channel) => void denied.delete(`${user} ${channel}`),
  }
}

export function simulatedRules(rights: Rights): ChannelRules<SimulatedApp, keyof SimulatedApp["channels"] & string, User> {
  return {
    authorize: ({ user, channel }) => user !== undefined && !rights.isDenied(user.id, channel),
    accept: { say: ({ data }) => refuseMarked(data as Payload) },
  }
}

function refuseMarked(payload: Payload): undefined {
  if (payload.refused) throw new MagpieError("BAD_REQUEST", "marked to be refused")
  return undefined
}
