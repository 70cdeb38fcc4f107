import type { Page } from "playwright-core"
import { describe, expect, it } from "vitest"
import { watchMainThread } from "./main-thread.ts"
import { showcaseInBrowser } from "./showcase-server.ts"

/** Milliseconds of looking at the main thread; more for a figure to be kept. */
const WATCHED_MS = Number(process.env.MAGPIE_QUOTES_MS ?? 5_000)

const running = showcaseInBrowser()

interface Opening {
  readonly hash?: string
  readonly locale?: string
  readonly width?: number
  readonly reducedMotion?: "reduce" | "no-preference"
}

/** The page of quotes with a price in its first row. */
async function open({ hash = "#/quotes", locale = "en-US", width = 1_280, reducedMotion = "no-preference" }: Opening = {}): Promise<Page> {
  const context = await running.browser.newContext({ locale, reducedMotion, viewport: { width, height: 800 } })
  const page = await context.newPage()
  await page.goto(running.showcase.page + hash)
  await page.locator('[data-cell="last"], .detail-price .price').filter({ hasText: /\d/ }).first().waitFor()
  return page
}

const priceOf = (page: Page, symbol: string) => page.locator(".quote-row", { hasText: symbol }).locator('[data-cell="last"]')
const rowAge = (page: Page, age: string) => page.locator(`.quote-row[data-age="${age}"]`)

/** A figure of the page's panel, without its unit. */
async function figure(page: Page, name: string): Promise<number> {
  const text = (await page.locator(`[data-fact="${name}"]`).textContent()) ?? ""
  return Number(text.replaceAll(",", "").replace(/[^\d.].*$/, ""))
}

async function priceChanges(page: Page, symbol = "MSFT"): Promise<void> {
  const before = await priceOf(page, symbol).textContent()
  await expect.poll(() => priceOf(page, symbol).textContent(), { timeout: 30_000 }).not.toBe(before)
}

describe("the share quotes in a browser", () => {
  it("show prices that change, with a chart of real days and an order book, and nothing in the console", async () => {
    const page = await open({ hash: "#/quotes/SPX" })
    const errors: string[] = []
    page.on("console", (line) => line.type() === "error" && errors.push(line.text()))
    page.on("pageerror", (error) => errors.push(error.message))
    await priceChanges(page)
    await page.getByRole("img", { name: /^S&P 500: \d+ days, from/ }).waitFor()
    await page.locator(".chart-canvas canvas").first().waitFor()
    await expect.poll(() => page.locator(".order-book li").count()).toBe(20)
    await page.getByRole("radio", { name: "Line" }).check()
    await page.reload()
    await priceChanges(page)
    expect(errors).toEqual([])
    await page.context().close()
  })

  it("[G6] [G7] come less often at another rate, and say how many were skipped", async () => {
    const page = await open()
    await expect.poll(() => figure(page, "updates"), { timeout: 30_000 }).toBeGreaterThan(8)
    const before = await figure(page, "updates")
    await page.getByLabel("Updates of each symbol").selectOption({ label: "one in 5 sec" })
    await expect.poll(() => figure(page, "updates"), { timeout: 30_000 }).toBeLessThan(before / 2)
    const skipped = await figure(page, "skipped")
    await expect.poll(() => figure(page, "skipped"), { timeout: 60_000 }).toBeGreaterThan(skipped + 50)
    await priceChanges(page)
    await page.getByLabel("Updates of each symbol").selectOption({ label: "up to 20 a second" })
    await expect.poll(() => figure(page, "updates"), { timeout: 30_000 }).toBeGreaterThan(8)
    await page.context().close()
  })

  it("come rarer where a page bounds their bytes, and it says why", async () => {
    const page = await open()
    await page.getByRole("radio", { name: "All 1,000" }).check()
    await page.getByLabel(/^Bytes/).selectOption({ label: "3.0 kB/s" })
    await page.getByText(/for this bound/).waitFor({ timeout: 150_000 })
    await page.getByLabel(/^Bytes/).selectOption({ label: "no bound" })
    await page.getByText(/for this bound/).waitFor({ state: "detached", timeout: 150_000 })
    await page.context().close()
  }, 320_000)

  it("[G7] grow old while the network is cut, and heal when it is back", async () => {
    const page = await open()
    await page.getByRole("button", { name: "Cut the network" }).click()
    await rowAge(page, "old").first().waitFor({ timeout: 60_000 })
    const price = await priceOf(page, "MSFT").textContent()
    await rowAge(page, "lost").first().waitFor({ timeout: 60_000 })
    expect(await priceOf(page, "MSFT").textContent()).toBe(price)
    expect(await page.getByRole("button", { name: "Pause" }).isEnabled()).toBe(false)
    await page.getByRole("button", { name: "Restore the network" }).click()
    await expect.poll(() => rowAge(page, "fresh").count(), { timeout: 60_000 }).toBe(6)
    await priceChanges(page)
    await page.context().close()
  })

  it("go on after the server was killed with -9, on the day where they were", async () => {
    const page = await open({ hash: "#/quotes/MSFT" })
    const date = page.locator(".replay-place strong")
    await expect.poll(() => date.textContent()).toMatch(/20\d\d/)
    const before = Date.parse((await date.textContent()) ?? "")
    await running.showcase.restart()
    await priceChanges(page)
    expect(Date.parse((await date.textContent()) ?? "")).toBeGreaterThanOrEqual(before)
    await expect.poll(() => page.locator(".chart-notice").count(), { timeout: 30_000 }).toBe(0)
    await page.context().close()
  })

  it("are walked through with the keyboard alone, 1,000 of them, of which only those in view are drawn", async () => {
    const page = await open()
    await page.getByRole("radio", { name: "All 1,000" }).check()
    await expect.poll(() => page.locator(".quote-row").count()).toBeGreaterThan(8)
    await page.locator(".quote-row a[tabindex='0']").focus()
    await page.keyboard.press("End")
    const last = page.locator(".quote-row", { hasText: "MU-994" })
    await last.waitFor()
    await expect.poll(() => last.locator("a").evaluate((link) => link === document.activeElement)).toBe(true)
    await expect.poll(() => last.locator('[data-cell="last"]').textContent()).toMatch(/\d/)
    expect(await page.locator(".quote-row").count()).toBeLessThan(40)
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Space")
    await page.getByRole("button", { name: "Take MU-993 off my list" }).waitFor()
    await page.keyboard.press("Enter")
    await page.getByRole("heading", { name: /^MU-993/ }).waitFor()
    await page.getByRole("radio", { name: "My list" }).check()
    await page.getByPlaceholder("Search by symbol or name").fill("993")
    await expect.poll(() => page.locator(".quote-row").count()).toBe(1)
    await page.context().close()
  })

  it("colour a rise red in 繁體中文 and green in English, or as somebody chooses, and say it by sign and word as well", async () => {
    const english = await open()
    expect(await english.locator(".quotes").getAttribute("data-rising")).toBe("green")
    await english.context().close()
    const page = await open({ locale: "zh-TW" })
    expect(await page.locator(".quotes").getAttribute("data-rising")).toBe("red")
    await page.getByLabel("上漲顯示為").selectOption({ label: "綠色" })
    await page.reload()
    await page.locator('.quotes[data-rising="green"]').waitFor()
    await expect
      .poll(() => page.locator(".quote-row .trend").allTextContents())
      .toContainEqual(expect.stringMatching(/^(上漲\+|下跌-|平盤)/))
    await page.context().close()
  })

  it("do not flash for those who want no motion", async () => {
    const page = await open({ reducedMotion: "reduce" })
    await priceChanges(page)
    const flashing = () =>
      document.getAnimations().filter(({ effect }) => effect instanceof KeyframeEffect && effect.target?.className === "flash").length
    expect(await page.evaluate(flashing)).toBe(0)
    await page.context().close()
  })

  it("fit a narrow phone: the list, one symbol and the panels, one after the other", async () => {
    const page = await open({ width: 360 })
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(await overflow()).toBe(0)
    await page.locator(".quote-row a").first().click()
    await page.getByRole("heading", { name: /^SPX/ }).waitFor()
    expect(await overflow()).toBe(0)
    await page.getByRole("button", { name: "Limits and replay" }).click()
    await page.getByLabel("Updates of each symbol").waitFor()
    expect(await overflow()).toBe(0)
    await page.getByRole("button", { name: "Close" }).click()
    await page.getByRole("link", { name: "Back to the list" }).click()
    await page.locator(".quote-row").first().waitFor()
    await page.context().close()
  })

  it("keep the page's main thread free while the server writes as much as it can to 1,000 symbols", async () => {
    const page = await open()
    await page.getByRole("radio", { name: "All 1,000" }).check()
    await page.getByLabel("The server writes").selectOption({ label: "50 updates/s of each" })
    await expect.poll(() => figure(page, "updates"), { timeout: 60_000 }).toBeGreaterThan(100)
    const seen = await watchMainThread(running.browser, page, WATCHED_MS)
    const written = await page.locator(".replay-place span").textContent()
    process.stdout.write(`    main thread: ${JSON.stringify({ ...seen, came: await figure(page, "updates"), written })}\n`)
    expect(seen.tasks).toBeGreaterThan(0)
    // One in a thousand, so that a collection of garbage at a bad moment is not a failure.
    expect(seen.longByCpu).toBeLessThanOrEqual(2 + seen.tasks / 1_000)
    await page.getByLabel("The server writes").selectOption({ label: "5 updates/s of each" })
    await page.context().close()
  })
})
