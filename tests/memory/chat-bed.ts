import type { Client } from "@magpie/client"
import { type AnyContract, broadcast, contract, isMagpieError, json, type MagpieError, stream } from "@magpie/protocol"
import { type Authenticator, anonymous, type User } from "@magpie/server/core"
import { createTestBed, type RawConnection, type TestBed, type TestBedOptions } from "@magpie/testing"
import { expect } from "vitest"
import { z } from "zod"

/** What these tests talk about: a chat that is stored, one that soon forgets, and cursors. */
export const app = contract({
  "chat/:room": stream({ messages: { say: z.object({ text: z.string() }) } }),
  "short/:room": stream({ messages: { say: z.object({ text: z.string() }) }, retention: { maxCount: 10, maxAgeMs: 60_000 } }),
  "opaque/:room": stream({ messages: { put: json() } }),
  "cursor/:room": broadcast({ messages: { move: z.object({ x: z.number(), pad: z.string().optional() }) } }),
})
export type App = typeof app

/** A user as the tokens of these tests name one. */
export interface Member extends User {
  readonly rooms: readonly string[]
}

type Bed<U extends User> = TestBed<App, U>
export type ChatBed = Bed<User>
export type MemberBed = Bed<Member>
type Options<U extends User> = Partial<TestBedOptions<App, U>>

const OPEN = { authorize: () => true }

/** Everybody may do everything, unless a test says otherwise. */
export function startChat(options: Options<User> = {}): Promise<ChatBed> {
  const rules = { "chat/:room": OPEN, "short/:room": OPEN, "opaque/:room": OPEN, "cursor/:room": OPEN, ...options.rules }
  return createTestBed(app, { auth: anonymous(), ...options, rules })
}

/** Only members with a token come in, and only the rooms that it names are theirs. */
export function startMembers(options: Options<Member> = {}): Promise<MemberBed> {
  const own = {
    authorize: ({ user, params }: { user: Member | undefined; params: { room: string } }) => user?.rooms.includes(params.room) ?? false,
  }
  const rules = { "chat/:room": own, "short/:room": own, "opaque/:room": own, "cursor/:room": own, ...options.rules }
  return createTestBed(app, { auth: members, ...options, rules })
}

/** A token in the clear: who may sign one is not what these tests are about. */
export function tokenOf(id: string, { rooms = ["a", "b"], expiresAt }: { rooms?: readonly string[]; expiresAt?: number } = {}): string {
  return JSON.stringify({ id, rooms, expiresAt })
}

export const members: Authenticator<Member> = {
  authenticate({ token }) {
    if (token === undefined || !token.startsWith("{")) return undefined
    const { id, rooms, expiresAt } = JSON.parse(token)
    return { user: { id, rooms }, expiresAt }
  },
}

type ChatName = `chat/${string}` | `short/${string}`

/** A listener that keeps what it hears as `offset text`, and what it is told to be missing. */
export function listen(client: Client<App>, channel: ChatName = "chat/a") {
  const heard: string[] = []
  const texts: string[] = []
  const gaps: { reason: string; from: number | undefined; to: number | undefined }[] = []
  const { subscription, on } = client.channel(channel as "chat/a")
  const stop = on("say", ({ offset, data }) => {
    heard.push(`${offset} ${data.text}`)
    texts.push(data.text)
  })
  subscription.on("gap", ({ reason, from, to }) => gaps.push({ reason, from, to }))
  return { heard, texts, gaps, subscription, stop, isLive: () => subscription.state.state === "live" }
}

/** Numbers from 1, as offsets of a channel are. */
export const numbered = (texts: readonly string[]): string[] => texts.map((text, index) => `${index + 1} ${text}`)

export const say = (client: Client<App>, text: string, channel: ChatName = "chat/a") =>
  client.channel(channel as "chat/a").send("say", { text })

/** The value that a promise has by the time that the clock has settled. */
export async function outcomeOf<T>(bed: { readonly clock: TestBed<AnyContract, User>["clock"] }, pending: Promise<T>): Promise<T> {
  let done = false
  const finish = (): void => {
    done = true
  }
  pending.then(finish, finish)
  await bed.clock.until(() => done)
  return pending
}

/** The error that a promise fails with. */
export async function failureOf(bed: Parameters<typeof outcomeOf>[0], pending: Promise<unknown>): Promise<MagpieError> {
  const thrown = await outcomeOf(
    bed,
    pending.then(
      () => undefined,
      (cause: unknown) => cause,
    ),
  )
  if (!isMagpieError(thrown)) throw new Error(`not a MagpieError: ${String(thrown)}`)
  return thrown
}

/** A raw connection that was welcomed. */
export async function greeted(
  bed: ChatBed | MemberBed,
  hello: object = {},
  options: Parameters<ChatBed["raw"]>[0] = {},
): Promise<RawConnection> {
  const raw = bed.raw(options)
  raw.send({ type: "hello", version: 1, ...hello })
  await bed.clock.settle()
  expect(raw.of("welcome")).toHaveLength(1)
  return raw
}

export const publish = (id: number, text: string, fields: object = {}): object => ({
  type: "publish",
  id,
  channel: "chat/a",
  name: "say",
  data: { text },
  ...fields,
})

/** Closes everything; then nothing may be left [G12]. */
export async function closeBed(bed: ChatBed | MemberBed): Promise<void> {
  await bed.close()
  expect(bed.network.links).toBe(0)
  expect(bed.clock.pendingTimers).toBe(0)
}
