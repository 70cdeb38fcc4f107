import type { Download, Page } from "playwright-core"
import type { ShowcaseInBrowser } from "./showcase-server.ts"

export const WORDS = {
  "en-US": {
    open: "Open the chat",
    write: "Write a message",
    answer: "Write an answer",
    take: "Take",
    read: "Read",
    cut: "Cut the network",
    restore: "Restore the network",
    here: "Has the page open",
    unknown: "Not known while the server is out of reach",
  },
  "zh-TW": {
    open: "開啟客服對話",
    write: "輸入訊息",
    answer: "輸入回覆",
    take: "接手",
    read: "已讀",
    cut: "切斷網路",
    restore: "恢復網路",
    here: "正在看這個網頁",
    unknown: "連不上伺服器，無法得知",
  },
} as const

export type Locale = keyof typeof WORDS

/** Opens both sides of the support chat, each in a browser context of its own. `prepare` has each page before it is loaded. */
export function supportPages(running: ShowcaseInBrowser, prepare: (page: Page) => Promise<unknown> = async () => {}) {
  async function newPage(locale: Locale): Promise<Page> {
    const page = await (await running.browser.newContext({ locale, viewport: { width: 1_280, height: 800 } })).newPage()
    await prepare(page)
    return page
  }

  /** A visitor with the panel open. */
  async function openVisitor(locale: Locale = "en-US", from = running.showcase.page): Promise<Page> {
    const page = await newPage(locale)
    await page.goto(`${from}support/`)
    await page.getByRole("button", { name: WORDS[locale].open }).click()
    await page.getByLabel(WORDS[locale].write).waitFor()
    return page
  }

  /** An agent at the desk. */
  async function openAgent(name: "Mei" | "Ben" | "Lin", locale: Locale = "en-US"): Promise<Page> {
    const page = await newPage(locale)
    await page.goto(`${running.showcase.page}support/desk.html`)
    await page.getByRole("button", { name, exact: true }).click()
    await page.getByRole("navigation").waitFor()
    return page
  }

  return { newPage, openVisitor, openAgent }
}

export async function write(page: Page, field: string, text: string): Promise<void> {
  await page.getByLabel(field).fill(text)
  await page.getByLabel(field).press("Enter")
}

export const texts = (page: Page): Promise<string[]> => page.locator(".lines .text").allTextContents()
export const shows = (page: Page, text: string): Promise<void> => page.locator(".lines .stored").getByText(text, { exact: true }).waitFor()
export const choose = (agent: Page, preview: string): Promise<void> => agent.getByRole("navigation").getByText(preview).first().click()

export async function bytesOf(download: Download): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of await download.createReadStream()) parts.push(part as Buffer)
  return Buffer.concat(parts)
}
