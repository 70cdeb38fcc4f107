import { describe, expectTypeOf, it } from "vitest"
import { z } from "zod"
import { contract } from "./contract.ts"
import type {
  AnyContract,
  ChannelName,
  KindOf,
  MessageInput,
  MessageName,
  MessageOutput,
  ParamsOf,
  PatternName,
  PatternOf,
  PatternsOfKind,
  PatternsWithPresence,
  StateInput,
  StateOutput,
} from "./infer.ts"
import { broadcast, type Kind, stream } from "./kinds.ts"

const say = z.object({ text: z.string() })
const app = contract({
  "chat/:room": stream({ messages: { say, counted: z.string().transform(Number) } }),
  "chat/lobby": broadcast({ messages: { say } }),
  "user/:id/:box": broadcast({ messages: { a: z.string() } }),
  "user/me/:box": broadcast({ messages: { b: z.string() } }),
  "user/:id/inbox": broadcast({ messages: { c: z.string() } }),
  quotes: broadcast({ messages: { moved: z.number() } }),
})
type App = typeof app
type ChatRoom = KindOf<App, "chat/:room">

describe("names", () => {
  it("are completed from the patterns", () => {
    expectTypeOf<PatternName<App>>().toEqualTypeOf<
      "chat/:room" | "chat/lobby" | "user/:id/:box" | "user/me/:box" | "user/:id/inbox" | "quotes"
    >()
    expectTypeOf<"chat/garden">().toExtend<ChannelName<App>>()
    expectTypeOf<"other">().not.toExtend<ChannelName<App>>()
  })

  it("find their pattern, fixed text before a parameter, from the left", () => {
    expectTypeOf<PatternOf<App, "quotes">>().toEqualTypeOf<"quotes">()
    expectTypeOf<PatternOf<App, "chat/garden">>().toEqualTypeOf<"chat/:room">()
    expectTypeOf<PatternOf<App, "chat/lobby">>().toEqualTypeOf<"chat/lobby">()
    expectTypeOf<PatternOf<App, "user/7/box">>().toEqualTypeOf<"user/:id/:box">()
    expectTypeOf<PatternOf<App, "user/me/inbox">>().toEqualTypeOf<"user/me/:box">()
    expectTypeOf<PatternOf<App, "user/7/inbox">>().toEqualTypeOf<"user/:id/inbox">()
    expectTypeOf<PatternOf<App, `chat/${string}`>>().toEqualTypeOf<"chat/:room">()
  })

  it("fit nothing where a segment is too many, too few, or a parameter that was not filled in", () => {
    expectTypeOf<PatternOf<App, "chat">>().toBeNever()
    expectTypeOf<PatternOf<App, "chat/a/b">>().toBeNever()
    expectTypeOf<PatternOf<App, "quotes/a">>().toBeNever()
    expectTypeOf<PatternOf<App, "chat/:room">>().toBeNever()
  })

  it("are free where nothing is known about the contract", () => {
    expectTypeOf<PatternOf<AnyContract, "any/thing">>().toEqualTypeOf<"any/thing">()
    expectTypeOf<KindOf<AnyContract, "any/thing">>().toEqualTypeOf<Kind>()
  })

  it("give their parameters", () => {
    expectTypeOf<ParamsOf<"user/:id/:box">>().toEqualTypeOf<{ readonly id: string; readonly box: string }>()
    // biome-ignore lint/complexity/noBannedTypes: the type of no parameters at all
    expectTypeOf<ParamsOf<"quotes">>().toEqualTypeOf<{}>()
  })

  it("are found by kind", () => {
    expectTypeOf<PatternsOfKind<App, "stream">>().toEqualTypeOf<"chat/:room">()
  })
})

describe("messages", () => {
  it("are those of the channel's kind", () => {
    expectTypeOf<MessageName<ChatRoom>>().toEqualTypeOf<"say" | "counted">()
    expectTypeOf<MessageName<KindOf<App, "quotes">>>().toEqualTypeOf<"moved">()
  })

  it("take the schema's input and give its output", () => {
    expectTypeOf<MessageInput<ChatRoom, "counted">>().toEqualTypeOf<string>()
    expectTypeOf<MessageOutput<ChatRoom, "counted">>().toEqualTypeOf<number>()
    expectTypeOf<MessageInput<ChatRoom, "say">>().toEqualTypeOf<{ text: string }>()
    expectTypeOf<MessageInput<ChatRoom, "other">>().toBeNever()
  })

  it("do not compile with a wrong field", () => {
    const send = <N extends MessageName<ChatRoom>>(_name: N, _data: MessageInput<ChatRoom, N>): void => {}
    send("say", { text: "hi" })
    // @ts-expect-error text is not a number
    send("say", { text: 1 })
    // @ts-expect-error no such message
    send("shout", { text: "hi" })
    // @ts-expect-error no such field
    send("say", { text: "hi", loud: true })
  })
})

describe("a contract", () => {
  it("does not compile without a kind or with something that is no schema", () => {
    // @ts-expect-error a pattern needs a kind
    contract({ a: {} })
    // @ts-expect-error a message needs a Standard Schema
    broadcast({ messages: { say: "text" } })
    // @ts-expect-error a broadcast keeps nothing
    broadcast({ messages: {}, retention: { maxCount: 1 } })
  })
})

describe("presence", () => {
  const halls = contract({
    "hall/:id": broadcast({ messages: {}, presence: z.string().transform(Number) }),
    "log/:id": stream({ messages: { say }, presence: say }),
    "bare/:id": stream({ messages: { say } }),
  })
  type Halls = typeof halls

  it("has what the schema takes and what it makes of it", () => {
    expectTypeOf<StateInput<KindOf<Halls, "hall/:id">>>().toEqualTypeOf<string>()
    expectTypeOf<StateOutput<KindOf<Halls, "hall/:id">>>().toEqualTypeOf<number>()
    expectTypeOf<StateInput<KindOf<Halls, "bare/:id">>>().toBeNever()
  })

  it("is had by those patterns whose kind was given a schema", () => {
    expectTypeOf<PatternsWithPresence<Halls>>().toEqualTypeOf<"hall/:id" | "log/:id">()
    expectTypeOf<PatternsWithPresence<App>>().toBeNever()
  })
})
