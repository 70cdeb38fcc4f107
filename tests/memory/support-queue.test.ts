import { createHash } from "node:crypto"
import type { Client } from "@magpie/client"
import { messageList } from "@magpie/client/changes"
import { createTestBed, type TestBed } from "@magpie/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Support, type SupportUser, support, supportAuth, supportRules } from "../../apps/support/src/index.ts"
import { EMPTY_QUEUE, foldQueue, type Place, type Queue, type QueueEntry } from "../../apps/support/src/queue.ts"
import { AGENT_PREFIX, VISITOR_PREFIX, visitorIdOf } from "../../apps/support/src/visitor-id.ts"

const SECRET = "a-secret-that-a-device-has-drawn"
const OTHER_SECRET = "another-secret-of-another-device"
const AGENTS = ["Mei", "Ben"].map((name) => {
  const id = name.toLowerCase()
  return { id, name, keySha256: createHash("sha256").update(`key-of-${id}`).digest("hex") }
})

let bed: TestBed<Support, SupportUser>
let me: string
beforeEach(async () => {
  me = await visitorIdOf(SECRET)
  bed = await createTestBed<Support, SupportUser>(support, { auth: supportAuth({ agents: AGENTS }), rules: supportRules })
})
afterEach(() => bed.close())

const visitor = (secret = SECRET): Client<Support> => bed.connect({ token: VISITOR_PREFIX + secret })
const agent = (id: string): Client<Support> => bed.connect({ token: `${AGENT_PREFIX}key-of-${id}` })

const asks = (client: Client<Support>, id = me, preview = "hello") =>
  client.channel("support/queue").send("asks", { visitor: id, name: "Visitor", page: "/", language: "en", preview })

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "done",
    (error: { readonly code?: unknown }) => error.code,
  )

async function told<T>(promise: Promise<T>): Promise<T> {
  let over = false
  const done = promise.finally(() => {
    over = true
  })
  done.catch(() => {})
  await bed.clock.until(() => over)
  return done
}

async function queueOf(client: Client<Support>): Promise<Queue> {
  const page = await told(client.channel("support/queue").history({ limit: 100 }))
  return foldQueue(EMPTY_QUEUE, page.messages as readonly QueueEntry[])
}

describe("the queue", () => {
  it("[G3] gives a conversation that two agents take at once to the one whose entry stands first, for both alike", async () => {
    const [mei, ben] = [agent("mei"), agent("ben")]
    const { position } = await told(asks(visitor()))
    const takes = [mei, ben].map((client) => client.channel("support/queue").send("takes", { visitor: me, turn: position.offset }))
    await told(Promise.all(takes))
    const [seenByMei, seenByBen] = [await queueOf(mei), await queueOf(ben)]
    expect(seenByMei.get(me)?.state).toBe("taken")
    expect(["mei", "ben"]).toContain(seenByMei.get(me)?.agent)
    expect(seenByBen).toEqual(seenByMei)
  })

  it("takes nothing by a wish from before the conversation waited anew", async () => {
    const [mei, ben] = [agent("mei"), agent("ben")]
    const first = await told(asks(visitor()))
    const queue = (client: Client<Support>) => client.channel("support/queue")
    await told(queue(mei).send("takes", { visitor: me, turn: first.position.offset }))
    await told(queue(mei).send("hands", { visitor: me, note: "speaks Dutch" }))
    await told(queue(ben).send("takes", { visitor: me, turn: first.position.offset }))
    expect((await queueOf(ben)).get(me)).toMatchObject({ state: "waiting", handed: { by: "mei", note: "speaks Dutch" } })
  })

  it("hands over by nobody's word but the one's who has it, and closes likewise", async () => {
    const [mei, ben] = [agent("mei"), agent("ben")]
    const queue = (client: Client<Support>) => client.channel("support/queue")
    const { position } = await told(asks(visitor()))
    await told(queue(mei).send("takes", { visitor: me, turn: position.offset }))
    await told(queue(ben).send("hands", { visitor: me, to: "ben", note: "" }))
    await told(queue(ben).send("closes", { visitor: me }))
    expect((await queueOf(ben)).get(me)).toMatchObject({ state: "taken", agent: "mei" })
    await told(queue(mei).send("hands", { visitor: me, to: "ben", note: "billing" }))
    expect((await queueOf(mei)).get(me)).toMatchObject({ state: "taken", agent: "ben" })
    await told(queue(ben).send("closes", { visitor: me }))
    expect((await queueOf(mei)).get(me)?.state).toBe("closed")
  })

  it("gives a conversation that a colleague has to another agent who says from whom he takes it over, once", async () => {
    const [mei, ben] = [agent("mei"), agent("ben")]
    const queue = (client: Client<Support>) => client.channel("support/queue")
    const { position } = await told(asks(visitor()))
    const turn = position.offset
    await told(queue(mei).send("takes", { visitor: me, turn }))
    await told(queue(ben).send("takes", { visitor: me, turn, over: "lin" }))
    expect((await queueOf(ben)).get(me)?.agent).toBe("mei")
    await told(queue(ben).send("takes", { visitor: me, turn, over: "mei" }))
    expect((await queueOf(mei)).get(me)).toMatchObject({ state: "taken", agent: "ben" })
  })

  it("lets a closed conversation wait again when its visitor writes again, and counts what is unanswered", async () => {
    const mei = agent("mei")
    const one = visitor()
    await told(asks(one))
    await told(mei.channel("support/queue").send("closes", { visitor: me }))
    await told(asks(one, me, "one more thing"))
    await told(asks(one, me, "please"))
    expect((await queueOf(mei)).get(me)).toMatchObject({ state: "waiting", preview: "please", unanswered: 2 } satisfies Partial<Place>)
    expect(await told(codeOf(visitor(OTHER_SECRET).channel("support/queue").send("unsays", { visitor: me })))).toBe("FORBIDDEN")
    await told(one.channel("support/queue").send("unsays", { visitor: me }))
    expect((await queueOf(mei)).get(me)).toMatchObject({ preview: "", unanswered: 2 })
    await told(mei.channel("support/queue").send("answers", { visitor: me, preview: "of course" }))
    expect((await queueOf(mei)).get(me)).toMatchObject({ preview: "of course", unanswered: 0 })
  })
})

describe("rights", () => {
  it("[G10] shows a visitor his own conversation and nobody else's, no notes and no queue", async () => {
    const stranger = visitor(OTHER_SECRET)
    await told(visitor().channel(`support/talk/${me}`).send("say", { text: "my card number is" }))
    expect(await told(codeOf(stranger.channel(`support/talk/${me}`).history({ limit: 1 })))).toBe("FORBIDDEN")
    expect(await told(codeOf(stranger.channel(`support/talk/${me}`).send("say", { text: "it is me" })))).toBe("FORBIDDEN")
    expect(await told(codeOf(visitor().channel(`support/notes/${me}`).history({ limit: 1 })))).toBe("FORBIDDEN")
    expect(await told(codeOf(visitor().channel("support/queue").history({ limit: 1 })))).toBe("FORBIDDEN")
    expect(await told(codeOf(asks(stranger, me)))).toBe("FORBIDDEN")
    expect(await told(codeOf(stranger.channel("support/queue").send("takes", { visitor: me, turn: 1 })))).toBe("FORBIDDEN")
  })

  it("signs what agents say with their own names, and nothing that a visitor says", async () => {
    const talk = visitor().channel(`support/talk/${me}`)
    await told(talk.send("say", { text: "I am from the bank", name: "Your bank" }))
    await told(agent("mei").channel(`support/talk/${me}`).send("say", { text: "hello", name: "Ben" }))
    const { messages } = await told(talk.history({ limit: 10 }))
    expect(messages.map(({ data }) => data.name)).toEqual([undefined, "Mei"])
  })

  it("[G2] [G3] keeps what a visitor writes on a link that breaks again and again, once and in order", async () => {
    const talk = visitor().channel(`support/talk/${me}`)
    const list = messageList(agent("mei").channel(`support/talk/${me}`))
    const texts = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`)
    const sends = Promise.all(texts.map((text) => talk.send("say", { text })))
    for (let cut = 0; cut < 4; cut++) {
      bed.network.reset()
      await bed.clock.advance(700)
    }
    await told(sends)
    await bed.clock.until(() => list.messages.length === texts.length)
    expect(list.messages.map((message) => (message.name === "say" ? message.data.text : ""))).toEqual(texts)
  })
})
