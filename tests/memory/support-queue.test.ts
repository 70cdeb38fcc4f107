import type { Client } from "@magpie/client"
import { messageList } from "@magpie/client/changes"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Support } from "../../apps/support/src/index.ts"
import type { Place } from "../../apps/support/src/queue.ts"
import { codeOf, createSupportBed, OTHER_SECRET, type SupportBed } from "./support-bed.ts"

let bed: SupportBed
beforeEach(async () => {
  bed = await createSupportBed()
})
afterEach(() => bed.close())

describe("the queue", () => {
  it("[G3] gives a conversation that two agents take at once to the one whose entry stands first, for both alike", async () => {
    const [mei, ben] = [bed.agent("mei"), bed.agent("ben")]
    const { position } = await bed.told(bed.asks(bed.visitor()))
    const takes = [mei, ben].map((client) => client.channel("support/queue").send("takes", { visitor: bed.me, turn: position.offset }))
    await bed.told(Promise.all(takes))
    const [seenByMei, seenByBen] = [await bed.queueOf(mei), await bed.queueOf(ben)]
    expect(seenByMei.get(bed.me)?.state).toBe("taken")
    expect(["mei", "ben"]).toContain(seenByMei.get(bed.me)?.agent)
    expect(seenByBen).toEqual(seenByMei)
  })

  it("takes nothing by a wish from before the conversation waited anew", async () => {
    const [mei, ben] = [bed.agent("mei"), bed.agent("ben")]
    const first = await bed.told(bed.asks(bed.visitor()))
    const queue = (client: Client<Support>) => client.channel("support/queue")
    await bed.told(queue(mei).send("takes", { visitor: bed.me, turn: first.position.offset }))
    await bed.told(queue(mei).send("hands", { visitor: bed.me, note: "speaks Dutch" }))
    await bed.told(queue(ben).send("takes", { visitor: bed.me, turn: first.position.offset }))
    expect((await bed.queueOf(ben)).get(bed.me)).toMatchObject({ state: "waiting", handed: { by: "mei", note: "speaks Dutch" } })
  })

  it("hands over by nobody's word but the one's who has it, and closes likewise", async () => {
    const [mei, ben] = [bed.agent("mei"), bed.agent("ben")]
    const queue = (client: Client<Support>) => client.channel("support/queue")
    const { position } = await bed.told(bed.asks(bed.visitor()))
    await bed.told(queue(mei).send("takes", { visitor: bed.me, turn: position.offset }))
    await bed.told(queue(ben).send("hands", { visitor: bed.me, to: "ben", note: "" }))
    await bed.told(queue(ben).send("closes", { visitor: bed.me }))
    expect((await bed.queueOf(ben)).get(bed.me)).toMatchObject({ state: "taken", agent: "mei" })
    await bed.told(queue(mei).send("hands", { visitor: bed.me, to: "ben", note: "billing" }))
    expect((await bed.queueOf(mei)).get(bed.me)).toMatchObject({ state: "taken", agent: "ben" })
    await bed.told(queue(ben).send("closes", { visitor: bed.me }))
    expect((await bed.queueOf(mei)).get(bed.me)?.state).toBe("closed")
  })

  it("gives a conversation that a colleague has to another agent who says from whom he takes it over, once", async () => {
    const [mei, ben] = [bed.agent("mei"), bed.agent("ben")]
    const queue = (client: Client<Support>) => client.channel("support/queue")
    const { position } = await bed.told(bed.asks(bed.visitor()))
    const turn = position.offset
    await bed.told(queue(mei).send("takes", { visitor: bed.me, turn }))
    await bed.told(queue(ben).send("takes", { visitor: bed.me, turn, over: "lin" }))
    expect((await bed.queueOf(ben)).get(bed.me)?.agent).toBe("mei")
    await bed.told(queue(ben).send("takes", { visitor: bed.me, turn, over: "mei" }))
    expect((await bed.queueOf(mei)).get(bed.me)).toMatchObject({ state: "taken", agent: "ben" })
  })

  it("lets a closed conversation wait again when its visitor writes again, and counts what is unanswered", async () => {
    const mei = bed.agent("mei")
    const one = bed.visitor()
    await bed.told(bed.asks(one))
    await bed.told(mei.channel("support/queue").send("closes", { visitor: bed.me }))
    await bed.told(bed.asks(one))
    await bed.told(bed.asks(one, bed.me, "/cart"))
    expect((await bed.queueOf(mei)).get(bed.me)).toMatchObject({ state: "waiting", page: "/cart", unanswered: 2 } satisfies Partial<Place>)
    await bed.told(mei.channel("support/queue").send("answers", { visitor: bed.me }))
    expect((await bed.queueOf(mei)).get(bed.me)).toMatchObject({ state: "waiting", unanswered: 0 })
  })
})

describe("rights", () => {
  it("[G10] shows a visitor his own conversation and nobody else's, no notes and no queue", async () => {
    const stranger = bed.visitor(OTHER_SECRET)
    await bed.told(bed.visitor().channel(`support/talk/${bed.me}`).send("say", { text: "my card number is" }))
    expect(await bed.told(codeOf(stranger.channel(`support/talk/${bed.me}`).history({ limit: 1 })))).toBe("FORBIDDEN")
    expect(await bed.told(codeOf(stranger.channel(`support/talk/${bed.me}`).send("say", { text: "it is me" })))).toBe("FORBIDDEN")
    expect(await bed.told(codeOf(bed.visitor().channel(`support/notes/${bed.me}`).history({ limit: 1 })))).toBe("FORBIDDEN")
    expect(await bed.told(codeOf(bed.visitor().channel("support/queue").history({ limit: 1 })))).toBe("FORBIDDEN")
    expect(await bed.told(codeOf(bed.asks(stranger, bed.me)))).toBe("FORBIDDEN")
    expect(await bed.told(codeOf(stranger.channel("support/queue").send("takes", { visitor: bed.me, turn: 1 })))).toBe("FORBIDDEN")
  })

  it("[G11] takes from a visitor no language that a desk could not name", async () => {
    const entry = { visitor: bed.me, name: "", page: "/", language: "no language" as "en" }
    expect(await bed.told(codeOf(bed.visitor().channel("support/queue").send("asks", entry)))).toBe("BAD_REQUEST")
  })

  it("signs what agents say with their own names, and nothing that a visitor says", async () => {
    const talk = bed.visitor().channel(`support/talk/${bed.me}`)
    await bed.told(talk.send("say", { text: "I am from the bank", name: "Your bank" }))
    await bed.told(bed.agent("mei").channel(`support/talk/${bed.me}`).send("say", { text: "hello", name: "Ben" }))
    const { messages } = await bed.told(talk.history({ limit: 10 }))
    expect(messages.map(({ data }) => data.name)).toEqual([undefined, "Mei"])
  })

  it("[G2] [G3] keeps what a visitor writes on a link that breaks again and again, once and in order", async () => {
    const talk = bed.visitor().channel(`support/talk/${bed.me}`)
    const list = messageList(bed.agent("mei").channel(`support/talk/${bed.me}`))
    const texts = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`)
    const sends = Promise.all(texts.map((text) => talk.send("say", { text })))
    for (let cut = 0; cut < 4; cut++) {
      bed.network.reset()
      await bed.clock.advance(700)
    }
    await bed.told(sends)
    await bed.clock.until(() => list.messages.length === texts.length)
    expect(list.messages.map((message) => (message.name === "say" ? message.data.text : ""))).toEqual(texts)
  })
})
