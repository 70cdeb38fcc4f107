import { broadcast, contract, stream } from "@magpie/protocol"
import { expectTypeOf, test } from "vitest"
import { z } from "zod"
import { type Action, anonymous, capabilities, createServer, jwt, type ServerReceipt } from "./index.ts"

const app = contract({
  "chat/:room": stream({ messages: { say: z.object({ text: z.string() }), count: z.object({ n: z.string().transform(Number) }) } }),
  "typing/:room/:area": broadcast({ messages: { typing: z.object({ on: z.boolean() }) } }),
})
const server = createServer(app, {
  auth: jwt({ secret: "a secret of at least thirty-two bytes", user: ({ sub }) => ({ id: sub, rooms: ["lobby"] }) }),
})

test("rules know their user, parameters and messages", () => {
  server.channel("chat/:room", {
    authorize: ({ user, params, action }) => {
      expectTypeOf(user).toEqualTypeOf<{ id: string; rooms: string[] } | undefined>()
      expectTypeOf(params).toEqualTypeOf<{ readonly room: string }>()
      expectTypeOf(action).toEqualTypeOf<Action>()
      return true
    },
    accept: {
      count: ({ data }) => {
        expectTypeOf(data).toEqualTypeOf<{ n: number }>()
        return { n: "7" }
      },
    },
  })
  // @ts-expect-error the contract has no such pattern
  server.channel("chat/:rooms", { authorize: () => true })
  // @ts-expect-error the pattern has no such parameter
  server.channel("chat/:room", { authorize: ({ params }) => params.area === "x" })
  // @ts-expect-error the channel has no such message
  server.channel("chat/:room", { authorize: () => true, accept: { shout: () => undefined } })
  // @ts-expect-error a replacement must be what the schema takes
  server.channel("chat/:room", { authorize: () => true, accept: { say: () => ({ words: "x" }) } })
})

test("an overflow policy is one of the channel's kind, and its key function knows the messages", () => {
  server.channel("typing/:room/:area", {
    authorize: () => true,
    overflow: {
      newestPerKey: (message) => {
        expectTypeOf(message).toEqualTypeOf<{
          readonly name: "typing"
          readonly data: { on: boolean }
          readonly from: string | undefined
        }>()
        return message.from
      },
    },
  })
  server.channel("typing/:room/:area", { authorize: () => true, overflow: "drop-oldest" })
  server.channel("chat/:room", { authorize: () => true, overflow: "disconnect" })
  // @ts-expect-error a broadcast has no log to read
  server.channel("typing/:room/:area", { authorize: () => true, overflow: "read-log" })
  // @ts-expect-error a stream drops nothing
  server.channel("chat/:room", { authorize: () => true, overflow: "drop-oldest" })
})

test("a channel's handle publishes what its schema takes", () => {
  const lobby = server.channel("chat/lobby")
  expectTypeOf(lobby.publish("say", { text: "x" })).toEqualTypeOf<Promise<ServerReceipt>>()
  // @ts-expect-error a wrong field
  lobby.publish("say", { txt: "x" })
  // @ts-expect-error a wrong message
  lobby.publish("shout", { text: "x" })
  // @ts-expect-error a channel that no pattern fits
  server.channel("talk/lobby")
  // @ts-expect-error too many segments
  server.channel("chat/lobby/annex")
  expectTypeOf(server.channel("typing/lobby/left").publish("typing", { on: true })).toEqualTypeOf<void>()
})

test("only a broadcast's message goes to one connection", () => {
  const [first] = server.connections
  first?.send("typing/lobby/left", "typing", { on: true })
  // @ts-expect-error a wrong field
  first?.send("typing/lobby/left", "typing", { off: true })
  // @ts-expect-error a stream's message belongs to everybody
  first?.send("chat/lobby", "say", { text: "x" })
})

test("authentication is decided, not forgotten", () => {
  // @ts-expect-error there is no default for auth
  createServer(app, {})
  createServer(app, { auth: anonymous() })
})

test("a rate is given for messages of the channel", () => {
  server.channel("chat/:room", { authorize: () => true, rate: { say: 5, count: { perSecond: 1, burst: 3 } } })
  // @ts-expect-error the channel has no such message
  server.channel("chat/:room", { authorize: () => true, rate: { shout: 5 } })
  // @ts-expect-error a rate is a number, or a number with its burst
  server.channel("chat/:room", { authorize: () => true, rate: { say: "often" } })
})

test("capabilities are an authorize function for the users of a token, and a ticket is for a user as the authenticator says it", () => {
  const byToken = createServer(app, { auth: jwt({ secret: "a secret of at least thirty-two bytes" }) })
  const can = capabilities()
  byToken.channel("chat/:room", { authorize: can })
  byToken.channel("chat/:room", { authorize: (request) => can(request) && request.params.room !== "closed" })
  byToken.tickets.issue({ user: { id: "ann", claims: {} } })
  server.tickets.issue({ user: { id: "ann", rooms: ["lobby"] } })
  // @ts-expect-error its users have rooms
  server.tickets.issue({ user: { id: "ann" } })
})
