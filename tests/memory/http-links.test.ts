import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ask, HELLO, LINK, openPolls } from "./asking.ts"
import { type ChatBed, closeBed, publish, startChat } from "./chat-bed.ts"

let bed: ChatBed
beforeEach(async () => {
  bed = await startChat()
})
afterEach(() => closeBed(bed))

const subscribe = { type: "subscribe", id: 1, channel: "chat/a" }
const settle = (): Promise<void> => bed.clock.settle()

describe("a link over long polls", () => {
  it("[F90] gives an answer that got lost again, the same, until a poll acknowledges it", async () => {
    const { poll, post } = await openPolls(bed)
    post(1, HELLO)
    await settle()
    const welcome = poll(0)
    await settle()
    expect(welcome.text).toContain('"welcome"')
    const again = poll(0)
    await settle()
    expect(again.text).toBe(welcome.text)
    const next = poll(1)
    await settle()
    expect(next.status).toBeUndefined()
    post(2, subscribe)
    await settle()
    expect(next.text).toContain('"subscribed"')
    expect(next.json()).toMatchObject({ n: 2 })
  })

  it("[F90] lets one poll wait: a newer one takes its place, and the older is answered empty", async () => {
    const { poll, post } = await openPolls(bed)
    const older = poll(0)
    await settle()
    const newer = poll(0)
    await settle()
    expect(older.json()).toEqual({ n: 0, replaced: true })
    post(1, HELLO)
    await settle()
    expect(newer.text).toContain('"welcome"')
    expect(older.text).toBe('{"n":0,"replaced":true}')
  })

  it("[F90][G2] takes a POST once that a proxy repeats, before and after its answer", async () => {
    const { post } = await openPolls(bed)
    post(1, HELLO)
    await settle()
    const message = publish(2, "once", { sequence: 1 })
    const [first, twin] = [post(2, message), post(2, message)]
    await settle()
    const late = post(2, message)
    await settle()
    expect([first, twin, late].map(({ status }) => status)).toEqual([204, 204, 204])
    const log = ask(bed, "poll?channel=chat/a&last=10")
    await settle()
    expect(log.json().messages).toHaveLength(1)
  })

  it("[F90] refuses a body that is too long with 413, and a frame that comes before its time with 409", async () => {
    const { secret, post } = await openPolls(bed)
    const long = ask(bed, `up?link=${LINK}`, { method: "POST", body: `${secret} 1\n${"x".repeat(70_000)}` })
    const early = post(3, HELLO)
    await settle()
    expect([long.status, early.status]).toEqual([413, 409])
    expect(long.json()).toMatchObject({ code: "TOO_LARGE" })
  })

  it("[F40][F90] is not there for whoever does not know its secret, and says no more than of one that does not exist", async () => {
    const { secret } = await openPolls(bed)
    const wrong = secret.replaceAll(/./g, "0")
    const requests = [
      ask(bed, `poll?link=${LINK}`, { method: "POST", body: `${wrong} 0` }),
      ask(bed, `up?link=${LINK}`, { method: "POST", body: `${wrong} 1\n{}` }),
      ask(bed, "up?link=another-link-of-a-test", { method: "POST", body: `${secret} 1\n{}` }),
      ask(bed, `up?link=${LINK}`, { method: "POST", body: `${wrong} 0\nclose` }),
    ]
    await settle()
    expect(requests.map(({ status }) => status)).toEqual([410, 410, 410, 410])
    expect(new Set(requests.map(({ text }) => text)).size).toBe(1)
    const same = ask(bed, `sse?link=${LINK}`)
    await settle()
    expect(same.status).toBe(409)
  })

  it("[F90][G11] answers what is malformed with 400 and goes on", async () => {
    const { secret, post } = await openPolls(bed)
    const bodies = ["", "nonsense", `${secret}`, `${secret} -1\n{}`, `${secret} 1e3\n{}`, `${secret.toUpperCase()}! 1\n{}`]
    const targets = ["poll", "poll?link=short", "sse?link=", "sse?link=%", "poll?channel=chat/a&position=x", "poll?channel=chat/a&last=0"]
    const asked = [
      ...bodies.map((body) => () => ask(bed, `up?link=${LINK}`, { method: "POST", body })),
      ...targets.map((target) => () => ask(bed, target)),
    ]
    for (const asking of asked) {
      const one = asking()
      await settle()
      expect(one.status, one.text).toBe(400)
      expect(one.json()).toMatchObject({ code: "BAD_REQUEST" })
    }
    const [posted, got] = [ask(bed, "sse?link=another-link-of-a-test", { method: "POST", body: "" }), ask(bed, `up?link=${LINK}`)]
    await settle()
    expect([posted.status, got.status]).toEqual([405, 405])
    const welcomed = post(1, HELLO)
    await settle()
    expect(welcomed.status).toBe(204)
  })

  it("[G12] is given up where no poll comes for pollIdleMs, and a waiting poll is answered after pollMs", async () => {
    const { poll, post } = await openPolls(bed)
    post(1, HELLO)
    await bed.clock.advance(9_000)
    expect(bed.server.connections.size).toBe(1)
    await bed.clock.advance(2_000)
    expect(bed.server.connections.size).toBe(0)
    const late = poll(0)
    await settle()
    expect(late.status).toBe(410)
  })

  it("[F49] that is polled more often than pollsPerSecond ends with RATE_LIMITED", async () => {
    await closeBed(bed)
    bed = await startChat({ limits: { pollsPerSecond: 10 } })
    const { poll } = await openPolls(bed)
    const texts: string[] = []
    for (let index = 0; index < 25; index++) {
      const one = poll(0)
      await settle()
      texts.push(one.text)
    }
    expect(texts.join("\n")).toContain('"code":4006')
  })

  it("[F49][F90] so many bodies are read at the same time, of one link and of all, and the rest is told when to come again", async () => {
    await closeBed(bed)
    bed = await startChat({ limits: { postsPerLink: 2, postsAtOnce: 3 } })
    const [one, other] = [await openPolls(bed), await openPolls(bed, "another-link-of-a-test")]
    const posts = [one.post(1, HELLO), one.post(1, HELLO), one.post(1, HELLO), other.post(1, HELLO), other.post(1, HELLO)]
    await settle()
    expect(posts.map(({ status }) => status)).toEqual([204, 204, 429, 204, 503])
    expect(posts[2]?.json()).toMatchObject({ code: "RATE_LIMITED", details: { limit: "postsPerLink" }, retryAfterMs: 250 })
    expect(posts[4]?.json()).toMatchObject({ code: "UNAVAILABLE", details: { limit: "postsAtOnce" } })
  })

  it("[F12] a server that is full tells whoever comes by a link when to come back, in the words of a close", async () => {
    await closeBed(bed)
    bed = await startChat({ limits: { connections: 1 } })
    const client = bed.connect()
    await bed.clock.until(() => client.status.state === "online")
    const [poll, stream] = [ask(bed, `poll?link=${LINK}`, { method: "POST", body: "" }), ask(bed, `sse?link=${LINK}`)]
    const read = ask(bed, "sse?channel=chat/a")
    await settle()
    expect(poll.json()).toMatchObject({ n: 0, close: { code: 4009, reason: expect.stringMatching(/retryAfterMs=\d+$/) } })
    expect(JSON.parse(stream.events()[0]?.data ?? "")).toMatchObject({ code: 4009 })
    expect(read.status).toBe(503)
    expect(read.json()).toMatchObject({ code: "UNAVAILABLE", retryAfterMs: expect.any(Number) })
  })

  it("[F7][F41] a page of another origin may not open, poll or post", async () => {
    const { secret } = await openPolls(bed)
    const evil = { origin: "https://evil.example" }
    const asked = [
      ask(bed, "sse?link=another-link-of-a-test", evil),
      ask(bed, "sse?channel=chat/a", evil),
      ask(bed, "poll?channel=chat/a", evil),
      ask(bed, "poll?link=another-link-of-a-test", { ...evil, method: "POST", body: "" }),
      ask(bed, `poll?link=${LINK}`, { ...evil, method: "POST", body: `${secret} 0` }),
      ask(bed, `up?link=${LINK}`, { ...evil, method: "POST", body: `${secret} 1\n${JSON.stringify(HELLO)}` }),
    ]
    await settle()
    expect(asked.map(({ status }) => status)).toEqual([403, 403, 403, 403, 403, 403])
  })
})

describe("a link over an event stream", () => {
  it("[F89] pads its beginning, tells its secret to its opener alone, and asks for a sign of life that a POST gives", async () => {
    const stream = ask(bed, `sse?link=${LINK}`)
    await settle()
    const [first] = stream.events()
    expect(first).toMatchObject({ name: "link", data: expect.stringMatching(/^[0-9a-f]{32}$/) })
    expect(stream.text.length).toBeGreaterThan(2_048)
    const post = (number: number, text: string) => ask(bed, `up?link=${LINK}`, { method: "POST", body: `${first?.data} ${number}${text}` })
    post(1, `\n${JSON.stringify(HELLO)}`)
    for (let round = 0; round < 6; round++) {
      await bed.clock.advance(11_000)
      post(0, "")
      await settle()
    }
    expect(bed.server.connections.size).toBe(1)
    expect(stream.events().filter(({ name }) => name === "ping").length).toBeGreaterThanOrEqual(5)
    await bed.clock.advance(20_000)
    expect(bed.server.connections.size).toBe(0)
    expect(stream.events().at(-1)).toMatchObject({ name: "close" })
    expect(JSON.parse(stream.events().at(-1)?.data ?? "")).toMatchObject({ code: 4002 })
  })

  it("[G3] makes its sender wait while the connection reads no more", async () => {
    await closeBed(bed)
    bed = await startChat({ limits: { messagesPerSecond: 100_000, messagesPerAddressPerSecond: 100_000 } })
    const stream = ask(bed, `sse?link=${LINK}`)
    await settle()
    const secret = stream.events()[0]?.data
    const post = (number: number, frame: string) => ask(bed, `up?link=${LINK}`, { method: "POST", body: `${secret} ${number}\n${frame}` })
    post(1, JSON.stringify(HELLO))
    await settle()
    bed.network.stallReaders(true)
    const pings = Array.from({ length: 1_000 }, (_, id) => JSON.stringify({ type: "subscribe", id, channel: "nowhere/a" })).join("\n")
    const posts = [2, 3].map((number) => post(number, pings))
    await settle()
    bed.network.stallReaders(false)
    await bed.clock.advance(1_000)
    expect(posts.map(({ status }) => status)).toEqual([204, 204])
    expect(stream.events().length).toBeGreaterThan(2)
  })
})
