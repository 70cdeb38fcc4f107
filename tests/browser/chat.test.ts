import { connect } from "@magpie/client"
import type { Page } from "playwright-core"
import { describe, expect, it } from "vitest"
import { showcase as contract } from "../../apps/showcase/src/contract.ts"
import { showcaseInBrowser } from "./showcase-server.ts"

const SENDS = 1_000

const running = showcaseInBrowser()

async function openChat(room: string, locale = "en-US"): Promise<Page> {
  const context = await running.browser.newContext({ locale, viewport: { width: 1_000, height: 900 } })
  const page = await context.newPage()
  await page.goto(`${running.showcase.page}#/chat/${room}`)
  await page.locator("textarea").waitFor()
  await page
    .getByText(locale.startsWith("zh") ? "已連線" : "Online", { exact: true })
    .first()
    .waitFor()
  return page
}

async function say(page: Page, text: string): Promise<void> {
  const field = page.locator("textarea")
  await field.fill(text)
  await field.press("Enter")
}

/** What the page shows from the newest message up to the first, by scrolling through its list. */
async function readAll(page: Page, first: string): Promise<string[]> {
  const seen: string[] = []
  const log = page.getByRole("log")
  for (let steps = 0; seen[0] !== first && steps < 500; steps++) {
    const visible = await page.locator("article.message .text").allTextContents()
    expect(new Set(visible).size).toBe(visible.length)
    const known = seen.length === 0 ? visible.length : visible.indexOf(seen[0] ?? "")
    expect(known).not.toBe(-1)
    seen.unshift(...visible.slice(0, known))
    await log.evaluate((element) => element.scrollBy(0, -element.clientHeight / 2))
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
  }
  return seen
}

async function storedTexts(room: string): Promise<string[]> {
  const client = connect<typeof contract>(running.showcase.process.url, { contract })
  const texts: string[] = []
  let page = await client.channel(`chat/${room}`).history({ after: 0, limit: 500 })
  texts.push(...page.messages.map((message) => message.data.text))
  for (let next = page.next(); next; next = page.next()) {
    page = await next
    texts.push(...page.messages.map((message) => message.data.text))
  }
  await client.close()
  return texts
}

describe("the chat in two browsers", () => {
  it("[G1] [G2] [G3] shows both the same 1,000 messages when the server is killed with -9 in the middle", async () => {
    const [ann, bob] = await Promise.all([openChat("kill"), openChat("kill")])
    for (let n = 1; n <= SENDS / 2; n++) {
      await Promise.all([say(ann, `ann ${n}`), say(bob, `bob ${n}`)])
      if (n === SENDS / 4) await running.showcase.restart()
    }
    const last = SENDS / 2
    for (const page of [ann, bob]) {
      for (const name of ["ann", "bob"]) await page.getByText(`${name} ${last}`, { exact: true }).first().waitFor()
      await page.waitForFunction(() => document.querySelectorAll("article.sending").length === 0)
    }
    const stored = await storedTexts("kill")
    expect(stored).toHaveLength(SENDS)
    expect(new Set(stored).size).toBe(SENDS)
    for (const name of ["ann", "bob"]) {
      expect(stored.filter((text) => text.startsWith(name))).toEqual(Array.from({ length: last }, (_, index) => `${name} ${index + 1}`))
    }
    const first = stored[0] ?? ""
    expect(await readAll(ann, first)).toEqual(stored)
    expect(await readAll(bob, first)).toEqual(stored)
    await Promise.all([ann.context().close(), bob.context().close()])
  }, 180_000)

  it("keeps what is written while the network is cut, shows the countdown, and delivers it after", async () => {
    const [ann, bob] = await Promise.all([openChat("cut"), openChat("cut")])
    await ann.getByRole("button", { name: "Cut the network" }).click()
    await ann
      .getByText(/next attempt in/)
      .first()
      .waitFor()
    await say(ann, "written while cut")
    await ann.locator("article.sending").waitFor()
    expect(await bob.locator("article.message").count()).toBe(0)
    await ann.getByRole("button", { name: "Restore the network" }).click()
    await bob.getByText("written while cut", { exact: true }).waitFor()
    await ann.waitForFunction(() => document.querySelectorAll("article.sending").length === 0)
    expect(await ann.locator("article.message").count()).toBe(1)
    await Promise.all([ann.context().close(), bob.context().close()])
  })

  it("speaks 繁體中文 to those who read it", async () => {
    const page = await openChat("語言", "zh-TW")
    expect(await page.locator("html").getAttribute("lang")).toBe("zh-TW")
    await page.getByRole("button", { name: "切斷網路" }).click()
    await page.getByText("重新連線").first().waitFor()
    await page.context().close()
  })

  it("reports no error in the console and fits a narrow phone", async () => {
    const page = await (await running.browser.newContext({ viewport: { width: 360, height: 740 } })).newPage()
    const errors: string[] = []
    page.on("console", (line) => line.type() === "error" && errors.push(line.text()))
    page.on("pageerror", (error) => errors.push(error.message))
    await page.goto(running.showcase.page)
    await page.locator("textarea").waitFor()
    await say(page, "一句很長的話 ".repeat(60))
    await page.locator("article.message").waitFor()
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(overflow).toBe(0)
    expect(errors).toEqual([])
    await page.context().close()
  })
})
