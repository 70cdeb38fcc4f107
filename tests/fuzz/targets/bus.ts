import { type Bus, memoryStorage, openDurableLog } from "@magpie/journal"
import { broadcast, contract, json, type Publication } from "@magpie/protocol"
import { anonymous, checkOptions, createCore, retentionOf } from "@magpie/server/core"
import { fakeCrypto, fakeEnv, memoryNetwork, rawConnection } from "@magpie/testing"
import { createRelay } from "../../../packages/server/src/channel/relay.ts"
import { type BusMessage, decodeBusMessage, encodeBusMessage } from "../../../packages/server/src/presence/bus-message.ts"
import { insist, textTarget } from "../target.ts"

const utf8 = new TextEncoder()
const MAX_BUS_MESSAGE = 131_072

/** A bus in the hands of a test: what is said goes nowhere, what is heard comes from it. */
function busInHand() {
  const listeners = new Map<string, Set<(message: Uint8Array) => void>>()
  const said: Uint8Array[] = []
  const bus: Bus = {
    publish: (_subject, message) => void said.push(message),
    subscribe(subject, listener) {
      const its = listeners.get(subject) ?? new Set()
      listeners.set(subject, its.add(listener))
      return () => void its.delete(listener)
    },
    close: async () => {},
  }
  function hear(subject: string, message: string): void {
    for (const listener of listeners.get(subject) ?? []) listener(utf8.encode(message))
  }
  return { bus, said, hear }
}

const BROADCAST = "broadcast/lobby"
const publication = (data: unknown, more: object = {}): string =>
  `["00ff",1,"move",5,${JSON.stringify(more) === "{}" ? "null,null" : '"ann","r1"'}]\n${JSON.stringify(data)}`

/** A broadcast as another node puts it on the bus: left alone, or given on as what it says. */
export const busBroadcasts = textTarget({
  name: "bus-broadcast",
  share: 6,
  corpus: [publication({ x: 1 }), publication("鵲橋 👋", { from: "ann" }), publication(null), '["00fe",7,"move",5,null,null]\n[1,2]'],
  words: ['["00ff",', ",null", "\n", "9007199254740992", "1e308", '"move"', "]\n", '"ann"'],
  maxLength: MAX_BUS_MESSAGE / 4,
  run(message) {
    const heard: Publication[] = []
    const listening = relayOf((one) => heard.push(one))
    listening.relay.open("lobby")
    listening.hear(BROADCAST, message)
    const [first] = heard
    if (first === undefined) return "left alone"
    const { channel, name, data, at, from = "", ref = "" } = first
    insist([name, data, from, ref].every((text) => typeof text === "string") && channel === "lobby", "gives on texts where there are texts")
    insist(Number.isFinite(at), "gives on a time that there is")
    const again = relayOf(() => {})
    again.relay.publish(first)
    listening.hear(BROADCAST, new TextDecoder().decode(again.said[0]))
    insist(JSON.stringify(heard[1]) === JSON.stringify(first), "writes what it has read so that it reads the same again")
    return `accepted ${name} ${data}`
  },
})

let origins = 0

function relayOf(deliver: (publication: Publication) => void) {
  const hand = busInHand()
  const random = { bytes: (length: number) => new Uint8Array(length).fill(++origins % 251), float: () => 0 }
  return { ...hand, relay: createRelay({ bus: hand.bus, random, deliver }) }
}

const ROOM = "presence/room"
const ALL = "presence"
const MESSAGES: readonly BusMessage[] = [
  {
    node: "b",
    kind: "delta",
    put: [
      ["m1", "ann", 5, 1, 1, '{"name":"Ann"}'],
      ["m2", null, 5, 1, 2, "1"],
    ],
    bye: [["m3", 1, 3]],
  },
  { node: "b", kind: "bucket", index: 0, of: 1, revision: 9, named: [["m1", 1]] },
  { node: "b", kind: "bucket", index: 3, of: 4, revision: 9, named: [] },
  { node: "b", kind: "sums", sums: [1, 2, 4_294_967_295, 0] },
  {
    node: "b",
    kind: "digest",
    rooms: [
      ["room", 2, 77],
      ["other", 0, 0],
    ],
  },
  { node: "b", kind: "open", channels: ["room", "other"] },
  { node: "b", kind: "ask", to: "single", channel: "room", of: 0, buckets: [] },
  { node: "b", kind: "ask", to: "single", channel: "room", of: 1, buckets: [0] },
]

const app = contract({ room: broadcast({ messages: { wave: json() }, presence: json() }) })
const options = checkOptions({ auth: anonymous(), sessionKey: new Uint8Array(32).fill(7) })
const settings = { retention: retentionOf(app), deduplicationMs: options.deduplicationMs }

/** What another node says of presence, to a server with somebody in the room: left alone, or taken, and the next one is taken all the same. */
export const busPresence = textTarget({
  name: "bus-presence",
  share: 2,
  corpus: [...MESSAGES.map((message) => JSON.stringify(message)), MESSAGES.map((message) => JSON.stringify(message)).join("\n")],
  words: [
    '"kind":',
    '"node":"b"',
    '"put":[',
    '"bye":[',
    '"sums":[',
    '"of":',
    "4294967296",
    '"room"',
    '["m1",',
    '"to":"single"',
    "1e308",
    "\n",
  ],
  maxLength: MAX_BUS_MESSAGE,
  async run(text) {
    const env = fakeEnv({ seed: 1 })
    const network = memoryNetwork(env)
    const { bus, hear } = busInHand()
    const opening = openDurableLog({ storage: memoryStorage(), env, settings })
    await env.clock.settle()
    const core = createCore(app, options, await opening, { ...env, crypto: fakeCrypto, bus })
    core.channel("room", { authorize: () => true })
    network.listen("a", core)
    const raw = rawConnection(network, { host: "a" })
    raw.send(
      { type: "hello", version: 1 },
      { type: "watch", id: 2, channel: "room" },
      { type: "enter", id: 3, channel: "room", state: { name: "Eve" } },
    )
    await env.clock.advance(100)
    const taken = text.split("\n").map((line) => {
      const message = decodeBusMessage(utf8.encode(line))
      if (message !== undefined)
        insist(
          JSON.stringify(decodeBusMessage(encodeBusMessage(message))) === JSON.stringify(message),
          "writes what it has read so that it reads the same again",
        )
      for (const subject of [ROOM, ALL]) hear(subject, line)
      return message?.kind ?? "left alone"
    })
    await env.clock.advance(3_000)
    hear(ROOM, JSON.stringify({ node: "c", kind: "delta", put: [["late", null, 5, 1, 1, '"here"']], bye: [] }))
    await env.clock.advance(3_000)
    const seen = raw
      .of("presence")
      .flatMap(({ joined }) => ((joined ?? []) as readonly { readonly member: unknown }[]).map(({ member }) => member))
    insist(seen.includes("late"), "hears the next message all the same")
    const closing = core.close({ spreadMs: 0 })
    await env.clock.advance(2_000)
    await closing
    await env.clock.advance(1_000)
    const failures = env.lines.filter(({ level }) => level === "error").map(({ event }) => event)
    insist(
      failures.length === 0 && env.clock.pendingTimers === 0,
      `fails in nothing of its own, and leaves nothing behind (${failures.join()})`,
    )
    return taken.some((kind) => kind !== "left alone") ? `accepted ${taken} ${seen}` : "left alone"
  },
})
