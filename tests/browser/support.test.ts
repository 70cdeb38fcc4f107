import type { Browser, Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { launchChromium } from "./chromium.ts"
import { type ShowcaseServer, startShowcase } from "./showcase-server.ts"

let browser: Browser
let showcase: ShowcaseServer
beforeAll(async () => {
  showcase = await startShowcase()
  browser = await launchChromium()
})
afterAll(async () => {
  await browser?.close()
  await showcase?.stop()
})

const WORDS = {
  "en-US": { open: "Open the chat", write: "Write a message", answer: "Write an answer", take: "Take", read: "Read", hand: "Hand over" },
  "zh-TW": { open: "開啟客服對話", write: "輸入訊息", answer: "輸入回覆", take: "接手", read: "已讀", hand: "轉接" },
} as const
type Locale = keyof typeof WORDS

const newPage = async (locale: Locale): Promise<Page> =>
  (await browser.newContext({ locale, viewport: { width: 1_280, height: 800 } })).newPage()

/** A visitor with the panel open. */
async function openVisitor(locale: Locale = "en-US"): Promise<Page> {
  const page = await newPage(locale)
  await page.goto(`${showcase.page}support/`)
  await page.getByRole("button", { name: WORDS[locale].open }).click()
  await page.getByLabel(WORDS[locale].write).waitFor()
  return page
}

/** An agent at the desk. */
async function openAgent(name: "Mei" | "Ben" | "Lin", locale: Locale = "en-US"): Promise<Page> {
  const page = await newPage(locale)
  await page.goto(`${showcase.page}support/desk.html`)
  await page.getByRole("button", { name, exact: true }).click()
  await page.getByRole("navigation").waitFor()
  return page
}

async function write(page: Page, field: string, text: string): Promise<void> {
  await page.getByLabel(field).fill(text)
  await page.getByLabel(field).press("Enter")
}

const texts = (page: Page): Promise<string[]> => page.locator(".lines .text").allTextContents()
const shows = (page: Page, text: string): Promise<void> => page.locator(".lines .stored").getByText(text, { exact: true }).waitFor()
const choose = (agent: Page, preview: string): Promise<void> => agent.getByRole("navigation").getByText(preview).first().click()

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

      await showcase.process.kill()
      await write(visitor, words.write, "written while the server was dead")
      await write(agent, words.answer, "answered while the server was dead")
      await Promise.all([visitor.locator(".sending").waitFor(), agent.locator(".sending").waitFor()])
      await showcase.restart()
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
})
