import {
  broadcast,
  contract,
  type DownMessage,
  json,
  type Presence as PresenceMessage,
  type Present,
  type UpMessage,
} from "@magpie/protocol"
import { answerPolitely, fakeMachine } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { connect } from "../index.ts"
import { presence } from "./presence.ts"

const app = contract({ "room/:id": broadcast({ messages: {}, presence: json<string>() }) })
const ROOM = "room/a"

const present = (member: string): Present => ({ member, user: member, at: 1, state: member })
const counted = (members: number) => ({ members, users: members })

/** A client whose server is the test: what it watches is answered by `answer`, or not at all. */
function setUp() {
  const machine = fakeMachine({ seed: 1 })
  const watches: (UpMessage & { readonly type: "watch" })[] = []
  let answer: (message: UpMessage & { readonly type: "watch" | "members" }) => DownMessage | undefined = () => undefined
  machine.peer.onMessage = (message, link) => {
    if (message.type !== "watch" && message.type !== "members") return answerPolitely(message, link)
    if (message.type === "watch") watches.push(message)
    const reply = answer(message)
    if (reply !== undefined) link.send({ ...reply, ...(message.id === undefined ? {} : { id: message.id }) } as DownMessage)
  }
  const client = connect<typeof app>("ws://test", { environment: machine, contract: app, backoff: { initialMs: 100, maxMs: 200 } })
  const room = presence(client.channel(ROOM))
  const seen: string[] = []
  room.on("join", ({ member }) => seen.push(`+${member}`))
  room.on("update", ({ member, state }) => seen.push(`~${member} ${state}`))
  room.on("leave", ({ member }) => seen.push(`-${member}`))
  return {
    ...{ clock: machine.clock, peer: machine.peer, client, room, seen, watches },
    answers(by: typeof answer) {
      answer = by
    },
    say: (fields: Partial<PresenceMessage>) =>
      machine.peer.link.send({ type: "presence", channel: ROOM, version: 1, counts: counted(0), ...fields } as PresenceMessage),
  }
}

const watched = (fields: object): DownMessage =>
  ({
    type: "watched",
    channel: ROOM,
    mode: "all",
    answer: "snapshot",
    epoch: "e1",
    version: 0,
    counts: counted(0),
    ...fields,
  }) as DownMessage

describe("after a restart", () => {
  it("[I20] lets nobody leave before the server has said so after it settled: the link may have died meanwhile", async () => {
    const { clock, peer, room, seen, watches, answers } = setUp()
    answers(() => watched({ page: [present("ann"), present("bob")] }))
    await clock.settle()
    peer.link.close(1012)
    answers(() => watched({ epoch: "e2", page: [], settlesInMs: 5_000 }))
    await clock.advance(1_000)
    expect(watches.at(-1)).toMatchObject({ epoch: "e1", version: 0 })
    answers(() => undefined)
    await clock.advance(8_000)
    expect(watches.at(-1)).toMatchObject({ epoch: "e2", version: 0 })
    expect([...room.members.keys()]).toEqual(["ann", "bob"])
    // The next link brings the truth.
    answers(() => watched({ epoch: "e2", version: 1, page: [present("bob")] }))
    peer.link.close(1006)
    await clock.advance(1_000)
    expect(seen).toEqual(["+ann", "+bob", "-ann"])
  })

  it("[I20] lets nobody leave before what changed since has come", async () => {
    const { clock, peer, seen, say, answers } = setUp()
    answers(() => watched({ page: [present("ann"), present("bob")] }))
    await clock.settle()
    peer.link.close(1012)
    answers(() => watched({ epoch: "e2", page: [], settlesInMs: 5_000 }))
    await clock.advance(1_000)
    answers(() => watched({ answer: "recovered", epoch: "e2", version: 2 }))
    await clock.advance(5_000)
    expect(seen).toEqual(["+ann", "+bob"])
    say({ since: 0, version: 0, joined: [present("bob")] })
    await clock.settle()
    expect(seen).toEqual(["+ann", "+bob"])
    say({ since: 0, version: 2, joined: [present("cid")] })
    await clock.settle()
    expect(seen).toEqual(["+ann", "+bob", "+cid", "-ann"])
  })
})

describe("what the server says", () => {
  it("before it has answered the watch, or of an earlier one, counts for nothing", async () => {
    const { clock, seen, say, watches } = setUp()
    await clock.settle()
    expect(watches).toHaveLength(1)
    say({ joined: [present("ann")] })
    await clock.settle()
    expect([seen, watches.length]).toEqual([[], 1])
  })

  it("[G5] of another version than it should be is asked for anew, once, from where everything is known", async () => {
    const { clock, room, seen, say, watches, answers } = setUp()
    answers(() => watched({ version: 3, page: [present("ann")] }))
    await clock.settle()
    answers(() => undefined)
    for (const version of [5, 6, 7]) say({ version, joined: [present(`m${version}`)] })
    await clock.settle()
    expect(watches).toHaveLength(2)
    expect(watches[1]).toMatchObject({ epoch: "e1", version: 3 })
    expect([seen, room.state.state]).toEqual([["+ann"], "connecting"])
  })

  it("of members on pages that were not read yet is left to those pages, and who left is not brought back by them", async () => {
    const { clock, room, say, answers } = setUp()
    answers((message) => (message.type === "watch" ? watched({ page: [present("ann")], next: "e1.1" }) : undefined))
    await clock.settle()
    expect(room.state.state).toBe("loading")
    say({ version: 1, updated: [{ member: "bob", state: "new" }], left: ["cid"] })
    await clock.settle()
    expect([...room.members.keys()]).toEqual(["ann"])
  })

  it("as a new snapshot without being asked takes the place of what it told, and nobody is seen twice", async () => {
    const { clock, peer, room, seen, answers } = setUp()
    answers(() => watched({ page: [present("ann"), present("bob")] }))
    await clock.settle()
    peer.link.send(watched({ version: 9, page: [{ ...present("bob"), state: "b" }, present("cid")], counts: counted(2) }))
    await clock.settle()
    expect(seen).toEqual(["+ann", "+bob", "+cid", "~bob b", "-ann"])
    expect(room.counts.members).toBe(2)
  })

  it("as its end with a code that passes is asked for again, and with another is told, until the next link", async () => {
    const { clock, peer, room, watches, answers } = setUp()
    answers(() => watched({ page: [present("ann")] }))
    await clock.settle()
    peer.link.send({ type: "unwatched", channel: ROOM, code: "UNAVAILABLE", message: "not now" })
    await clock.advance(5_000)
    expect([watches.length, room.state.state]).toEqual([2, "live"])
    peer.link.send({ type: "unwatched", channel: ROOM, code: "FORBIDDEN", message: "no more" })
    await clock.advance(30_000)
    expect(room.state).toMatchObject({ state: "refused", error: { code: "FORBIDDEN" } })
    expect([watches.length, room.members.size]).toEqual([2, 1])
    peer.link.close(1006)
    await clock.advance(1_000)
    expect([watches.length, room.state.state]).toEqual([3, "live"])
  })

  it("of a cursor that has expired begins the room anew", async () => {
    const { clock, room, watches, answers } = setUp()
    const refusal = { type: "error", code: "EXPIRED", message: "", remedy: "", retryable: false } as const
    answers((message) => (message.type === "watch" ? watched({ page: [present("ann")], next: "e1.1" }) : (refusal as DownMessage)))
    await clock.until(() => watches.length === 2, 5_000)
    expect(watches[1]).not.toHaveProperty("epoch")
    answers((message) => (message.type === "watch" ? watched({ page: [present("ann")] }) : (refusal as DownMessage)))
    await clock.until(() => room.state.state === "live", 5_000)
  })
})
