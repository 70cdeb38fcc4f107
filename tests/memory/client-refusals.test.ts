import { MagpieError } from "@magpie/protocol"
import { afterEach, describe, expect, it } from "vitest"
import { type ChatBed, closeBed, failureOf, listen, numbered, outcomeOf, say, startChat } from "./chat-bed.ts"

let bed: ChatBed
afterEach(() => closeBed(bed))

const outcomes = (sends: readonly Promise<unknown>[]) =>
  outcomeOf(
    bed,
    Promise.all(
      sends.map((send) =>
        send.then(
          () => "stored",
          (error) => error.code,
        ),
      ),
    ),
  )

describe("a publish that is refused for good", () => {
  it("[G3] stands in nobody's way: half a surrogate pair and deep nesting are refused by the client, the rest is stored", async () => {
    bed = await startChat()
    const client = bed.connect()
    const listener = listen(client)
    let deep: unknown = "x"
    for (let level = 0; level < 64; level++) deep = [deep]
    const opaque = client.channel("opaque/a")
    const sends = [
      say(client, "one"),
      say(client, "hi 😀".slice(0, 4)),
      say(client, "two"),
      opaque.send("put", deep as string),
      opaque.send("put", (deep as string[])[0] ?? ""),
    ]
    expect(await outcomes(sends)).toEqual(["stored", "BAD_REQUEST", "stored", "BAD_REQUEST", "stored"])
    expect(await outcomes([say(client, "three"), say(client, "\ud83d"), say(client, "four 😀")])).toEqual([
      "stored",
      "BAD_REQUEST",
      "stored",
    ])
    expect(listener.heard).toEqual(numbered(["one", "two", "three", "four 😀"]))
    expect(await failureOf(bed, say(client, "\udead"))).toMatchObject({ details: { field: "data" } })
  })

  it("[G1][G3] by the application lets what stands behind it be stored once and in order, whatever became of its number", async () => {
    const say7 = ({ data }: { data: { text: string } }): void => {
      if (Number(data.text) % 7 === 3) throw new MagpieError("FORBIDDEN", "not this one")
    }
    bed = await startChat({ rules: { "chat/:room": { authorize: () => true, accept: { say: say7 } } } as never })
    const client = bed.connect()
    const listener = listen(client)
    const texts = Array.from({ length: 300 }, (_, index) => `${index}`)
    const sends = texts.map((text) => say(client, text))
    const seen = await outcomes(sends)
    expect(seen).toEqual(texts.map((text) => (Number(text) % 7 === 3 ? "FORBIDDEN" : "stored")))
    expect(listener.heard).toEqual(numbered(texts.filter((text) => Number(text) % 7 !== 3)))
  })

  it("[G3] because it is forbidden holds up no other channel, and its own goes on when it is allowed", async () => {
    let allowed = false
    const authorize = ({ action, channel }: { action: string; channel: string }) => action !== "publish" || channel !== "chat/a" || allowed
    bed = await startChat({ rules: { "chat/:room": { authorize } } as never })
    const client = bed.connect()
    const listener = listen(client)
    const refused = ["a", "b", "c"].map((text) => say(client, text))
    expect(await outcomes([...refused, say(client, "x", "chat/b")])).toEqual(["FORBIDDEN", "FORBIDDEN", "FORBIDDEN", "stored"])
    allowed = true
    await bed.clock.advance(60_000)
    expect(await outcomes(["e", "f"].map((text) => say(client, text)))).toEqual(["stored", "stored"])
    expect(listener.heard).toEqual(numbered(["e", "f"]))
  })
})
