import { broadcast, contract, type Position, stream } from "@magpie/protocol"
import { expectTypeOf, test } from "vitest"
import { z } from "zod"
import { type Client, connect, type Receipt, type Received } from "./index.ts"

const app = contract({
  "chat/:room": stream({ messages: { say: z.object({ text: z.string() }), count: z.string().transform(Number) } }),
  "typing/:room": broadcast({ messages: { dot: z.object({ x: z.number() }) } }),
  news: stream({ messages: { item: z.object({ title: z.string() }) } }),
})

const magpie = connect<typeof app>("ws://localhost", { contract: app })

test("the contract alone types the client", () => {
  expectTypeOf(connect<typeof app>("ws://localhost")).toEqualTypeOf<Client<typeof app>>()
  expectTypeOf(connect("ws://localhost", { contract: app })).toEqualTypeOf<Client<typeof app, never>>()
  expectTypeOf(magpie).toExtend<Client<typeof app>>()
})

test("the kind is known at once with the contract's value, and from the first welcome on without", () => {
  const typed = connect<typeof app>("ws://localhost")
  expectTypeOf(typed.channel("chat/lobby").kind).toEqualTypeOf<"stream" | undefined>()
  expectTypeOf(typed.channel("typing/lobby").kind).toEqualTypeOf<"broadcast" | undefined>()
  expectTypeOf(magpie.channel("typing/lobby").kind).toEqualTypeOf<"broadcast">()
})

test("a channel has what its kind has, and data flows from the schema", () => {
  const lobby = magpie.channel("chat/lobby")
  expectTypeOf(lobby.kind).toEqualTypeOf<"stream">()
  expectTypeOf(lobby.send("say", { text: "" })).toEqualTypeOf<Promise<Receipt>>()
  expectTypeOf(lobby.subscription.position).toEqualTypeOf<Position | undefined>()
  lobby.on("say", (message) => expectTypeOf(message).toEqualTypeOf<Received<"say", { text: string }>>())
  lobby.onAny((message) => {
    if (message.name === "count") expectTypeOf(message.data).toEqualTypeOf<number>()
    else expectTypeOf(message.data).toEqualTypeOf<{ text: string }>()
  })
  const typing = magpie.channel("typing/lobby")
  expectTypeOf(typing.send("dot", { x: 1 })).toEqualTypeOf<void>()
  // @ts-expect-error a broadcast has no history
  typing.history()
})

test("a schema's input is sent and its output is received", () => {
  const lobby = magpie.channel("chat/lobby")
  lobby.send("count", "7")
  // @ts-expect-error the output is not the input
  lobby.send("count", 7)
  lobby.on("count", (message) => expectTypeOf(message.data).toEqualTypeOf<number>())
})

test("template literal names work", () => {
  const room = "a" as string
  expectTypeOf(magpie.channel(`chat/${room}`).kind).toEqualTypeOf<"stream">()
  expectTypeOf(magpie.channel(`typing/${room}`).kind).toEqualTypeOf<"broadcast">()
})

test("what the contract does not know does not compile", () => {
  // @ts-expect-error no such channel
  magpie.channel("chat")
  // @ts-expect-error a parameter is one segment
  magpie.channel("chat/a/b")
  // @ts-expect-error no such channel
  magpie.channel("sports")
  const lobby = magpie.channel("chat/lobby")
  // @ts-expect-error no such message
  lobby.send("shout", { text: "" })
  // @ts-expect-error no such field
  lobby.send("say", { texts: "" })
  // @ts-expect-error the field is missing
  lobby.send("say", {})
  // @ts-expect-error no such message
  lobby.on("item", () => {})
})
