import { type AnyContract, broadcast, command, contract, stream, table } from "@magpie/protocol"
import { expectTypeOf, test } from "vitest"
import { z } from "zod"
import { type Client, connect } from "../index.ts"
import { type Presence, type PresentMember, presence } from "./index.ts"

const app = contract({
  "room/:id": broadcast({ messages: {}, presence: z.object({ name: z.string(), since: z.string().transform(Number) }) }),
  "chat/:id": stream({ messages: { say: z.string() }, presence: z.string() }),
  "prices/:id": table({ key: z.string(), value: z.number(), presence: z.object({ desk: z.string() }) }),
  "valve/:id": command({ turn: { input: z.null(), output: z.null() } }, { presence: z.object({ firmware: z.string() }) }),
  "bare/:id": broadcast({ messages: { wave: z.null() } }),
})
declare const typed: Client<typeof app>
declare const untyped: Client<AnyContract>

test("a room's members have what the schema makes of a state, and one's own state is what it takes", () => {
  const room = presence(typed.channel("room/a"), { state: { name: "Ada", since: "7" } })
  expectTypeOf(room.members.get("m")).toEqualTypeOf<PresentMember<{ name: string; since: number }> | undefined>()
  room.on("join", ({ state, user }) => {
    expectTypeOf(state).toEqualTypeOf<{ name: string; since: number }>()
    expectTypeOf(user).toEqualTypeOf<string | undefined>()
  })
  expectTypeOf(room.enter).parameter(0).toEqualTypeOf<{ name: string; since: string }>()
  // @ts-expect-error a state of another shape
  void room.update({ name: 7 })
  // @ts-expect-error no such event
  room.on("gone", () => {})
})

test("any kind of channel has it, and one whose contract is known as a value too", () => {
  const chat = presence(typed.channel("chat/a"))
  expectTypeOf(chat.enter).parameter(0).toEqualTypeOf<string>()
  const prices = presence(typed.channel("prices/a"), { state: { desk: "north" } })
  expectTypeOf(prices.enter).parameter(0).toEqualTypeOf<{ desk: string }>()
  const valve = presence(typed.channel("valve/a"), { state: { firmware: "1.0" } })
  expectTypeOf(valve.enter).parameter(0).toEqualTypeOf<{ firmware: string }>()
  const known = connect("ws://test", { contract: app })
  expectTypeOf(presence(known.channel("chat/a"))).toEqualTypeOf<typeof chat>()
  expectTypeOf(presence(known.channel("prices/a"))).toEqualTypeOf<typeof prices>()
})

test("a channel without presence has no state to enter with", () => {
  const bare = presence(typed.channel("bare/a"))
  expectTypeOf(bare.enter).parameter(0).toBeNever()
})

test("where nothing is known of the contract, a state is unknown", () => {
  const room: Presence<unknown> = presence(untyped.channel("room/a") as never)
  expectTypeOf(room.state.state).toEqualTypeOf<"off" | "connecting" | "loading" | "live" | "refused">()
})
