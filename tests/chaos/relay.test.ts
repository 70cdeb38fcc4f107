import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Relay, startRelay } from "./relay.ts"

let server: Server
let relay: Relay
/** What the server's side got, chunk by chunk, and how its links ended. */
let chunks: Buffer[]
let ends: string[]
let links: Socket[]

beforeEach(async () => {
  const [got, ended, opened]: [Buffer[], string[], Socket[]] = [[], [], []]
  chunks = got
  ends = ended
  links = opened
  server = createServer({ noDelay: true }, (link) => {
    opened.push(link)
    link.on("data", (chunk) => {
      got.push(chunk)
      link.write(chunk)
    })
    link.on("error", (error: NodeJS.ErrnoException) => ended.push(String(error.code)))
    link.on("close", () => ended.push("close"))
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")
  relay = await startRelay((server.address() as AddressInfo).port)
})

afterEach(async () => {
  for (const link of links) link.destroy()
  await relay.close()
  server.close()
})

async function open(): Promise<{ readonly client: Socket; readonly echoed: () => string }> {
  const client = connect({ port: relay.port, host: "127.0.0.1", noDelay: true })
  let text = ""
  client.on("data", (chunk) => {
    text += chunk.toString()
  })
  client.on("error", () => {})
  await once(client, "connect")
  return { client, echoed: () => text }
}

async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise<void>((resolve) => setImmediate(resolve))
}

describe("the chaos relay", () => {
  it("passes everything on, both ways", async () => {
    const { client, echoed } = await open()
    const text = "x".repeat(200_000)
    client.write(text)
    await until(() => echoed().length === text.length)
    client.end()
    await until(() => ends.includes("close"))
  })

  it("cuts into single bytes, loses none and keeps their order, also what was sent behind them", async () => {
    const { client, echoed } = await open()
    client.write("start ")
    await until(() => echoed() === "start ")
    expect(relay.singleBytes(300)).toBe(true)
    const text = Array.from({ length: 200 }, (_, index) => `${index},`).join("")
    for (const part of text.match(/.{1,17}/g) ?? []) client.write(part)
    await until(() => echoed().length === text.length + 6)
    expect(echoed()).toBe(`start ${text}`)
    expect(chunks.length).toBeGreaterThan(20)
  })

  it("resets both sides", async () => {
    const { client } = await open()
    client.write("x")
    await until(() => chunks.length === 1)
    expect(relay.reset()).toBe(true)
    await until(() => client.closed && ends.includes("close"))
    expect(ends).toContain("ECONNRESET")
    expect(relay.reset()).toBe(false)
  })

  it("holds bytes back while a link is stalled, and then gives them all", async () => {
    const { client, echoed } = await open()
    expect(relay.stall(50)).toBe(true)
    client.write("held")
    await until(() => echoed() === "held")
  })

  it("lets nothing out of a black hole, tells neither side, and leaves new links alone", async () => {
    const old = await open()
    old.client.write("1")
    await until(() => old.echoed() === "1")
    expect(relay.blackHole()).toBe(true)
    old.client.write("lost")
    const fresh = await open()
    fresh.client.write("2")
    await until(() => fresh.echoed() === "2")
    expect([old.echoed(), old.client.destroyed, ends]).toEqual(["1", false, []])
    expect(Buffer.concat(chunks).toString()).toBe("12")
    old.client.destroy()
    fresh.client.destroy()
  })

  it("leads new links to a new target", async () => {
    const other = createServer((link) => link.end("other"))
    other.listen(0, "127.0.0.1")
    await once(other, "listening")
    relay.target((other.address() as AddressInfo).port)
    const { echoed } = await open()
    await until(() => echoed() === "other")
    other.close()
  })
})
