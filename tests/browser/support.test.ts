import { connect } from "@magpie/client"
import type { Page } from "playwright-core"
import { describe, expect, it } from "vitest"
import type { Support } from "../../apps/support/src/index.ts"
import { CHUNK_BYTES } from "../../apps/support/src/limits.ts"
import { visitorIdOf } from "../../apps/support/src/visitor-id.ts"
import { startLossyLink } from "./lossy-link.ts"
import { showcaseInBrowser } from "./showcase-server.ts"
import { bytesOf, choose, shows, supportPages, texts, WORDS, write } from "./support-pages.ts"

const running = showcaseInBrowser()
const { newPage, openVisitor, openAgent } = supportPages(running)
const DAY_MS = 24 * 3_600_000
/** What agents and channels call the visitor of a page. */
async function visitorIdIn(page: Page): Promise<string> {
  const secret = await page.evaluate(() => localStorage.getItem("magpie.support.visitor"))
  return visitorIdOf(secret ?? "")
}

/** What the visitor's device keeps of the conversation. */
const keptOn = (page: Page): Promise<string> =>
  page.evaluate(async () => {
    const names = (await caches.keys()).filter((name) => name.endsWith("/lines"))
    const cache = await caches.open(names[0] ?? "")
    const [request] = await cache.keys()
    return request === undefined ? "" : ((await (await cache.match(request))?.text()) ?? "")
  })

/** How many pieces the server has of the visitor's only attachment. */
async function storedPieces(visitor: string): Promise<number> {
  const client = connect<Support>(running.showcase.process.url, { token: "agent.demo-mei" })
  const { messages } = await client.channel(`support/talk/${visitor}`).history({ limit: 1 })
  const [file] = messages.flatMap((message) => (message.name === "file" ? [message.data.upload] : []))
  const { position } = await client.channel(`support/file/${visitor}/${file}`).history({ limit: 1 })
  await client.close()
  return position.offset
}

describe("the support chat", () => {
  it.each(["en-US", "zh-TW"] as const)(
    "[G1] [G3] keeps one conversation through kills of the server and reloads of both sides, in %s",
    async (locale) => {
      const words = WORDS[locale]
      const [visitor, agent] = await Promise.all([openVisitor(locale), openAgent("Mei", locale)])
      await write(visitor, words.write, `a question in ${locale}`)
      await choose(agent, `a question in ${locale}`)
      await agent.getByRole("button", { name: words.take, exact: true }).click()
      await write(agent, words.answer, "an answer")
      await shows(visitor, "an answer")
      await agent.locator(".lines").getByText(words.read).waitFor()

      await running.showcase.process.kill()
      await write(visitor, words.write, "written while the server was dead")
      await write(agent, words.answer, "answered while the server was dead")
      await Promise.all([visitor.locator(".sending").waitFor(), agent.locator(".sending").waitFor()])
      await running.showcase.restart()
      await Promise.all([visitor.reload(), agent.reload()])
      for (const page of [visitor, agent]) {
        await shows(page, "written while the server was dead")
        await shows(page, "answered while the server was dead")
      }
      const seen = await texts(visitor)
      expect(seen).toHaveLength(4)
      expect(seen.slice(0, 2)).toEqual([`a question in ${locale}`, "an answer"])
      expect(await texts(agent)).toEqual(seen)
      await Promise.all([visitor.context().close(), agent.context().close()])
    },
  )

  it.each(["en-US", "zh-TW"] as const)(
    "[G2] [G3] sends what was written on a cut network once and in order, after a reload in the middle too, in %s",
    async (locale) => {
      const words = WORDS[locale]
      const [visitor, agent] = await Promise.all([openVisitor(locale), openAgent("Ben", locale)])
      await write(visitor, words.write, `before the cut in ${locale}`)
      await choose(agent, `before the cut in ${locale}`)
      await agent.getByRole("button", { name: words.take, exact: true }).click()
      await agent.getByLabel(words.answer).waitFor()
      await agent.getByText(words.here).waitFor()
      for (const page of [visitor, agent]) await page.getByRole("button", { name: words.cut }).click()
      await agent.getByText(words.unknown).waitFor()
      await write(visitor, words.write, "the visitor's first")
      await write(visitor, words.write, "the visitor's second")
      await write(agent, words.answer, "the agent's first")
      await write(agent, words.answer, "the agent's second")
      await Promise.all([visitor, agent].map((page) => page.locator(".sending").nth(1).waitFor()))
      // The visitor's page is loaded anew, over a network that works; the agent's gets its network back.
      await visitor.reload()
      await agent.getByRole("button", { name: words.restore }).click()
      const all = ["the visitor's first", "the visitor's second", "the agent's first", "the agent's second"]
      for (const page of [visitor, agent]) for (const text of all) await shows(page, text)
      const seen = await texts(visitor)
      expect(await texts(agent)).toEqual(seen)
      expect(seen.toSorted()).toEqual([`before the cut in ${locale}`, ...all].toSorted())
      for (const side of ["visitor", "agent"])
        expect(seen.filter((text) => text.includes(side))).toEqual(all.filter((text) => text.includes(side)))
      await Promise.all([visitor.context().close(), agent.context().close()])
    },
  )

  it("[G3] gives a conversation that two agents take at once to one of them, and both desks agree", async () => {
    const visitor = await openVisitor()
    await write(visitor, "Write a message", "two at once")
    const agents = await Promise.all([openAgent("Mei"), openAgent("Ben")])
    for (const agent of agents) await choose(agent, "two at once")
    const takes = agents.map((agent) => agent.getByRole("button", { name: "Take", exact: true }))
    await Promise.all(takes.map((take) => take.waitFor()))
    await Promise.all(takes.map((take) => take.click({ timeout: 2_000 }).catch(() => {})))
    await Promise.all(takes.map((take) => take.waitFor({ state: "detached" })))
    const having = await Promise.all(agents.map((agent) => agent.getByLabel("Write an answer").count()))
    expect(having.toSorted()).toEqual([0, 1])
    const name = having[0] === 1 ? "Mei" : "Ben"
    await visitor.getByText(`${name} is with you`).waitFor()
    expect(await visitor.locator(".event").count()).toBe(1)
    await agents[having.indexOf(0)]?.getByText(`${name} has this conversation`).waitFor()
    for (const page of [visitor, ...agents]) await page.context().close()
  })

  it("lets an agent in by a key of his own, under the server's name for him, and nobody by a wrong one", async () => {
    const agent = await newPage("en-US")
    await agent.goto(`${running.showcase.page}support/desk.html`)
    const signIn = async (key: string): Promise<void> => {
      await agent.getByLabel("Name").fill("Mei")
      await agent.getByLabel("Key").fill(key)
      await agent.getByRole("button", { name: "Sign in" }).click()
    }
    await signIn("no such key")
    await agent.getByText("This key is not known.").waitFor()
    await signIn("demo-mei")
    await agent.getByRole("navigation").waitFor()
    const visitor = await openVisitor()
    await write(visitor, "Write a message", "for the one with the key")
    await choose(agent, "for the one with the key")
    await agent.getByRole("button", { name: "Take", exact: true }).click()
    await write(agent, "Write an answer", "here I am")
    await shows(visitor, "here I am")
    await Promise.all([agent.context().close(), visitor.context().close()])
  })

  it("takes messages while nobody is there, is searched, answered from what agents keep ready, saved as text, closed and opened again", async () => {
    const visitor = await openVisitor()
    await visitor.getByText("Nobody is here now").waitFor()
    await write(visitor, "Write a message", "where is parcel 4711")
    const agent = await openAgent("Lin")
    await visitor.getByText("Somebody is here now").waitFor()
    await agent.getByRole("searchbox").fill("PARCEL 4711")
    await agent.getByText("1 found").waitFor()
    await choose(agent, "where is parcel 4711")
    await agent.getByRole("button", { name: "Take", exact: true }).click()
    await agent.getByRole("button", { name: "Edit the answers" }).click()
    await agent.getByLabel("Short name").fill("bye")
    await agent.getByLabel("Answer", { exact: true }).fill("Glad that it works.")
    await agent.getByRole("button", { name: "Add", exact: true }).click()
    await agent.locator(".canned-list").getByText("Glad that it works.").waitFor()
    await agent.reload()
    await agent.getByLabel("Canned answers").locator("option", { hasText: "bye" }).waitFor({ state: "attached" })
    await agent.getByLabel("Canned answers").selectOption({ label: "bye" })
    await agent.getByRole("button", { name: "Send", exact: true }).click()
    await visitor.locator(".lines .theirs").getByText("Glad that it works").waitFor()

    const saved = visitor.waitForEvent("download", { timeout: 80_000 })
    await visitor.getByRole("button", { name: "Save the conversation" }).click()
    expect((await bytesOf(await saved)).toString()).toMatch(/You\nwhere is parcel 4711[\s\S]*Lin\nGlad that it works/)

    await agent.getByRole("button", { name: "Close", exact: true }).click()
    await visitor.getByText("The conversation is closed.").waitFor()
    await write(visitor, "Write a message", "one more thing")
    await agent.getByRole("button", { name: "Take", exact: true }).waitFor()
    await shows(agent, "one more thing")
    await Promise.all([visitor.context().close(), agent.context().close()])
  })

  it("hands over with a note that the visitor never sees, shows who writes, and what was edited and deleted", async () => {
    const [visitor, mei, ben] = [await openVisitor(), await openAgent("Mei"), await openAgent("Ben")]
    await visitor.getByLabel("Your name, if you like").fill("Ada")
    await write(visitor, "Write a message", "wrong invoice")
    await write(visitor, "Write a message", "a secret by mistake")
    await choose(mei, "a secret by mistake")
    await mei.getByRole("button", { name: "Take", exact: true }).click()
    // A broadcast may be lost; whoever goes on writing says it again.
    let written = 0
    for (const [writer, field, reader, told] of [
      [mei, "Write an answer", visitor, "Mei is writing…"],
      [visitor, "Write a message", mei, "The visitor is writing…"],
    ] as const) {
      const isTold = async (): Promise<boolean> => {
        await writer.getByLabel(field).fill(`one moment ${written++}`)
        return reader.getByText(told).isVisible()
      }
      await expect.poll(isTold, { timeout: 60_000 }).toBe(true)
    }

    await visitor.getByRole("listitem").filter({ hasText: "a secret" }).getByRole("button", { name: "Delete" }).click()
    await mei.getByText("This message was deleted").waitFor()
    await mei.getByRole("navigation").getByText("a secret by mistake").waitFor({ state: "detached" })
    await visitor.getByRole("listitem").filter({ hasText: "wrong invoice" }).getByRole("button", { name: "Edit" }).click()
    await write(visitor, "Write a message", "wrong invoice, no. 7")
    await shows(mei, "wrong invoice, no. 7")
    expect(await texts(mei)).not.toContain("a secret by mistake")

    await mei.getByRole("button", { name: "Hand over", exact: true }).first().click()
    await mei.getByLabel("To whom").selectOption("ben")
    await mei.getByLabel("A note for your colleague").fill("knows invoices")
    await mei.getByLabel("A note for your colleague").press("Enter")
    await choose(ben, "Ada")
    await ben.getByText("knows invoices").waitFor()
    await write(ben, "Write an answer", "Ben here")
    await shows(visitor, "Ben here")
    expect(await visitor.locator(".panel").textContent()).not.toContain("knows invoices")
    for (const page of [visitor, mei, ben]) await page.context().close()
  })

  it("[G2] goes on with an attachment where it was when the server is killed and the page reloaded, and loses no byte", async () => {
    const [visitor, agent] = [await openVisitor(), await openAgent("Lin")]
    const bytes = Buffer.alloc(
      3_000_000,
      Uint8Array.from({ length: 251 }, (_, index) => index),
    )
    await visitor.locator("input[type=file]").setInputFiles({ name: "photo.raw", mimeType: "image/x-raw", buffer: bytes })
    await visitor.waitForFunction((chunk) => {
      const root = document.getElementById("magpie-support")?.shadowRoot
      return Number(root?.querySelector("progress")?.value ?? 0) > 8 * chunk
    }, CHUNK_BYTES)
    await running.showcase.restart()
    await visitor.reload()
    await shows(visitor, "photo.raw")
    expect(await storedPieces(await visitorIdIn(visitor))).toBeLessThan(Math.ceil(bytes.length / CHUNK_BYTES) + 8)
    await choose(agent, "photo.raw")
    const saved = agent.waitForEvent("download")
    await agent
      .locator(".lines")
      .getByRole("button", { name: /photo\.raw/ })
      .click()
    expect((await bytesOf(await saved)).equals(bytes)).toBe(true)
    expect(await visitor.locator(".uploads li").count()).toBe(0)
    await Promise.all([visitor.context().close(), agent.context().close()])
  })

  it("[G2] [G3] keeps what a visitor writes on a link that breaks all the time, once and in order, also for tomorrow", async () => {
    const link = await startLossyLink(() => running.showcase.process.port)
    const visitor = await openVisitor("en-US", `http://localhost:${link.port}/`)
    const lines = Array.from({ length: 25 }, (_, index) => `line ${index + 1}`)
    for (const [index, line] of lines.entries()) {
      await write(visitor, "Write a message", line)
      if (index % 5 === 4) link.reset()
    }
    await shows(visitor, "line 25")
    const id = await visitorIdIn(visitor)
    await visitor.close()

    const tomorrow = await visitor.context().newPage()
    await tomorrow.clock.install({ time: Date.now() + DAY_MS })
    await tomorrow.goto(`http://localhost:${link.port}/support/`)
    await tomorrow.getByRole("button", { name: "Open the chat" }).click()
    await shows(tomorrow, "line 25")
    const client = connect<Support>(running.showcase.process.url, { token: "agent.demo-mei" })
    const { messages } = await client.channel(`support/talk/${id}`).history({ limit: 100 })
    expect(messages.map((message) => (message.name === "say" ? message.data.text : message.name))).toEqual(lines)
    await client.close()
    await visitor.context().close()
    await link.close()
  })

  it("[G4] shows a visitor who comes back what was said before the server has answered, and what was deleted no more", async () => {
    const visitor = await openVisitor()
    await write(visitor, "Write a message", "kept on the device")
    await write(visitor, "Write a message", "said by mistake")
    await shows(visitor, "said by mistake")
    await visitor.getByRole("listitem").filter({ hasText: "by mistake" }).getByRole("button", { name: "Delete" }).click()
    await expect.poll(() => keptOn(visitor), { timeout: 60_000 }).toMatch(/^(?!.*by mistake).*kept on the device/)
    const later = await visitor.context().newPage()
    // A server that takes the connection and never says a word.
    await later.routeWebSocket(/./, () => {})
    await later.goto(`${running.showcase.page}support/`)
    await later.getByRole("button", { name: "Open the chat" }).click()
    await shows(later, "kept on the device")
    expect(await texts(later)).not.toContain("said by mistake")
    await visitor.context().close()
  })

  it.each(["en-US", "zh-TW"] as const)("reports no error in the console and fits a narrow phone, in %s", async (locale) => {
    const errors: string[] = []
    const context = await running.browser.newContext({ locale, viewport: { width: 360, height: 740 } })
    const open = async (address: string): Promise<Page> => {
      const page = await context.newPage()
      page.on("console", (line) => line.type() === "error" && errors.push(line.text()))
      page.on("pageerror", (error) => errors.push(error.message))
      await page.goto(`${running.showcase.page}support/${address}`)
      return page
    }
    const words = WORDS[locale]
    const visitor = await open("")
    await visitor.getByRole("button", { name: words.open }).click()
    await write(visitor, words.write, "一句很長的話 ".repeat(40))
    await visitor.locator(".stored").first().waitFor()
    const agent = await open("desk.html")
    await agent.getByRole("button", { name: "Lin", exact: true }).click()
    await choose(agent, "一句很長的話")
    await agent.getByRole("button", { name: words.take, exact: true }).click()
    await agent.getByLabel(words.answer).waitFor()
    for (const page of [visitor, agent]) {
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
      expect(overflow).toBe(0)
    }
    expect(errors).toEqual([])
    await context.close()
  })
})
