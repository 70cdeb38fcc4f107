import { contract, stream } from "@magpie/protocol"
import type { RawConnection, TestBed } from "@magpie/testing"
import { createTestBed } from "@magpie/testing"
import { expect } from "vitest"
import { z } from "zod"
import { type Member, members, tokenOf } from "./chat-bed.ts"

/** A chat whose messages change: what is said may be edited, an answer grows, and a notice stays as it is. */
export const app = contract({
  "chat/:room": stream({
    messages: {
      say: z.object({ text: z.string().max(200) }),
      answer: z.object({ text: z.string().max(5_000), sources: z.array(z.string()).optional() }),
      notice: z.object({ text: z.string() }),
    },
    changes: {
      say: { edit: "any", delete: "any", reactions: ["👍", "🎉"], versions: true },
      answer: { edit: true, append: "text" },
    },
    receipts: true,
  }),
})
export type App = typeof app
export type ChangesBed = TestBed<App, Member>

/** Members of a room may do there what one does to messages of one's own; "mod" may also change those of others. */
export function startChanges(rules: object = {}, limits: object = {}): Promise<ChangesBed> {
  const authorize = ({ user, params, action }: { user: Member | undefined; params: { room: string }; action: string }): boolean =>
    user?.rooms.includes(params.room) === true && (!action.endsWith("-any") || user.id === "mod")
  return createTestBed(app, { auth: members, limits, rules: { "chat/:room": { authorize, ...rules } } })
}

/** A plain client of that user, which speaks the protocol as it is written. */
export async function plain(bed: ChangesBed, user: string, subscribe = true): Promise<RawConnection> {
  const raw = bed.raw()
  raw.send({ type: "hello", version: 1, token: tokenOf(user) })
  if (subscribe) raw.send({ type: "subscribe", id: 1, channel: "chat/a" })
  await bed.clock.settle()
  expect(raw.of("welcome")).toHaveLength(1)
  return raw
}

let ids = 100

/** What a server answers. */
export async function ask(bed: ChangesBed, raw: RawConnection, message: object): Promise<Record<string, unknown>> {
  const id = ++ids
  raw.send({ id, channel: "chat/a", ...message })
  await bed.clock.settle()
  return raw.reply(id) as Record<string, unknown>
}

export const say = (text: string, name = "say"): object => ({ type: "publish", name, data: { text } })
export const change = (data: object): object => ({ type: "publish", name: "$change", data })
export const edit = (offset: number, text: string): object => change({ action: "edit", offset, data: { text } })
export const append = (offset: number, text: unknown): object => change({ action: "append", offset, data: text })

/** What one was told, as `offset name data`. */
export function told(raw: RawConnection): readonly (readonly [offset: unknown, name: unknown, data: Record<string, unknown>])[] {
  return raw.of("message").map((message) => {
    const { offset, name, data } = message as unknown as { offset: number; name: string; data: Record<string, unknown> }
    return [offset, name, data] as const
  })
}
