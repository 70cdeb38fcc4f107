import { broadcast, contract, json, type Limits, stream, table } from "@magpie/protocol"
import type { Authenticator, LoadMeter, User } from "@magpie/server/core"
import { createTestBed, type RawConnection, type Reply, type TestBed, type TestBedOptions } from "@magpie/testing"
import { expect } from "vitest"
import { z } from "zod"

/** A room to be present in, a log and a table to be present on, and a channel where nobody can be. */
export const app = contract({
  "room/:id": broadcast({ messages: { wave: json() }, presence: z.object({ name: z.string(), pad: z.string().optional() }) }),
  "log/:id": stream({ messages: { say: json() }, presence: z.string().transform((text) => text.trim()) }),
  "prices/:id": table({ key: z.string(), value: z.number(), presence: z.object({ name: z.string() }) }),
  "bare/:id": broadcast({ messages: { wave: json() } }),
})
export type App = typeof app
export type PresenceBed = TestBed<App, User>

/** A token is its user's name. Without one, somebody is nobody. */
const named: Authenticator<User> = { authenticate: ({ token }) => ({ user: token === undefined ? undefined : { id: token } }) }

export interface Start {
  readonly limits?: Partial<Limits>
  readonly load?: LoadMeter
  readonly presenceLeaseMs?: number
  readonly authorize?: TestBedOptions<App, User>["rules"]["room/:id"]["authorize"]
  readonly auth?: Authenticator<User>
}

export async function startPresence({ authorize = () => true, ...options }: Start = {}): Promise<PresenceBed> {
  const rules = { authorize }
  const all = { "room/:id": rules, "log/:id": rules, "prices/:id": rules, "bare/:id": rules }
  return createTestBed(app, { auth: named, ...options, rules: all })
}

export const ROOM = "room/a"

/** Somebody on a raw link, who may come back with the same session. */
export interface Guest {
  readonly raw: RawConnection
  readonly member: string
  readonly hello: object
}

/** A link that was welcomed. With the hello of an earlier one it is the same session's. */
export async function link(bed: PresenceBed, hello: object = {}, options: Parameters<PresenceBed["raw"]>[0] = {}): Promise<RawConnection> {
  const raw = bed.raw(options)
  raw.send({ type: "hello", version: 1, ...hello })
  await bed.clock.settle()
  expect(raw.of("welcome")).toHaveLength(1)
  return raw
}

export const enter = (state: unknown, fields: object = {}): object => ({ type: "enter", id: 1, channel: ROOM, state, ...fields })
export const watch = (fields: object = {}): object => ({ type: "watch", id: 2, channel: ROOM, ...fields })

let producers = 0

/** Somebody who is present in the room. */
export async function guest(bed: PresenceBed, name: string, options: Parameters<PresenceBed["raw"]>[0] = {}): Promise<Guest> {
  const hello = { token: name, producer: `producer-${++producers}` }
  const raw = await link(bed, hello, options)
  raw.send(enter({ name }))
  await bed.clock.settle()
  const [entered] = raw.of("entered")
  expect(entered).toBeDefined()
  return { raw, member: entered?.member as string, hello: { ...hello, session: raw.of("welcome")[0]?.session } }
}

/** The same session on a new link, present again. */
export async function comeBack(bed: PresenceBed, { hello }: Guest, state: unknown): Promise<RawConnection> {
  const raw = await link(bed, hello)
  raw.send(enter(state))
  await bed.clock.settle()
  return raw
}

/** Somebody who only looks. */
export async function watcher(
  bed: PresenceBed,
  fields: object = {},
  options: Parameters<PresenceBed["raw"]>[0] = {},
): Promise<RawConnection> {
  const raw = await link(bed, { token: "eve" }, options)
  raw.send(watch(fields))
  await bed.clock.settle()
  expect(raw.of("watched")).toHaveLength(1)
  return raw
}

/** The only message of that type so far. */
export function only(raw: RawConnection, type: string): Reply {
  const [reply, ...more] = raw.of(type)
  if (reply === undefined || more.length > 0) throw new Error(`${raw.of(type).length} of ${type}`)
  return reply
}

type Named = { readonly member: string; readonly state: { readonly name: string } }

/** What a watcher was told, one line for each change: `+ann`, `~ann`, `-ann`, as far as names are known from before. */
export function told(raw: RawConnection): string[] {
  const names = new Map<string, string>()
  const learn = ({ member, state }: Named): string => {
    names.set(member, state.name)
    return state.name
  }
  return raw.replies.flatMap((reply) => {
    for (const one of (reply.page ?? []) as readonly Named[]) learn(one)
    if (reply.type !== "presence") return []
    const { joined = [], updated = [], left = [] } = reply as unknown as { joined?: Named[]; updated?: Named[]; left?: string[] }
    const lines = [...joined.map((one) => `+${learn(one)}`), ...updated.map((one) => `~${learn(one)}`)]
    return [...lines, ...left.map((member) => `-${names.get(member) ?? member}`)]
  })
}

export const namesIn = (reply: Reply | undefined): string[] => ((reply?.page ?? []) as readonly Named[]).map(({ state }) => state.name)

export async function closeBed(bed: PresenceBed): Promise<void> {
  await bed.close()
  expect(bed.network.links).toBe(0)
  expect(bed.clock.pendingTimers).toBe(0)
}
