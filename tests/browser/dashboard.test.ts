import type { BrowserContextOptions, Page } from "playwright-core"
import { describe, expect, it } from "vitest"
import { showcaseInBrowser } from "./showcase-server.ts"

const SLOW = { timeout: 60_000 }
const running = showcaseInBrowser()

interface Opening extends BrowserContextOptions {
  readonly hash?: string
  readonly referer?: string
  /** A script that the page finds done. */
  readonly before?: string
}

/** The page of dashboards with a figure in each panel that has one. */
async function open({ hash = "#/dashboard", referer, before, ...options }: Opening = {}): Promise<Page> {
  const context = await running.browser.newContext({ locale: "en-US", viewport: { width: 1_280, height: 800 }, ...options })
  if (before !== undefined) await context.addInitScript(before)
  const page = await context.newPage()
  await page.goto(running.showcase.page + hash, referer === undefined ? {} : { referer })
  await page.locator(".panel-figures dd").filter({ hasText: /\d/ }).first().waitFor(SLOW)
  return page
}

const figure = (page: Page, panel: string) => page.locator(`[data-panel="${panel}"] dd`).first()
const numberOf = async (page: Page, panel: string) => Number(((await figure(page, panel).textContent()) ?? "").replace(/[^\d.].*$/, ""))
const aloud = (page: Page) => page.locator('.dashboard p[role="status"]')
const shownTime = (page: Page) => page.locator(".shown-time")

async function timePasses(page: Page): Promise<void> {
  const before = await shownTime(page).textContent()
  await expect.poll(() => shownTime(page).textContent(), SLOW).not.toBe(before)
}

describe("the live dashboard in a browser", () => {
  it("shows figures and charts of all boards over one connection, says what is simulated, and nothing in the console", async () => {
    const errors: string[] = []
    const context = await running.browser.newContext({ locale: "en-US", viewport: { width: 1_280, height: 800 } })
    const page = await context.newPage()
    let sockets = 0
    page.on("websocket", () => {
      sockets += 1
    })
    page.on("console", (line) => line.type() === "error" && errors.push(line.text()))
    page.on("pageerror", (error) => errors.push(error.message))
    await page.goto(`${running.showcase.page}#/dashboard`)
    await page.getByText("6 channels, one connection").waitFor(SLOW)
    await expect.poll(() => page.locator(".panel-canvas canvas").count(), SLOW).toBe(10)
    await expect.poll(() => numberOf(page, "connections"), SLOW).toBeGreaterThanOrEqual(1)
    await expect.poll(() => numberOf(page, "heap"), SLOW).toBeGreaterThan(5)
    await expect.poll(() => numberOf(page, "temperature"), SLOW).toBeGreaterThan(50)
    await page.getByRole("img", { name: /^Temperature: .*; between .* in the time shown/ }).waitFor(SLOW)
    expect(await page.locator('[data-board="line"] .simulated').textContent()).toBe("simulated")
    await timePasses(page)
    expect(sockets).toBe(1)
    expect(errors).toEqual([])
    await context.close()
  })

  it("counts who is here by page, host and device, without a cookie, until they leave", async () => {
    const page = await open({ hash: "#/dashboard/visits" })
    await expect.poll(() => numberOf(page, "visitors"), SLOW).toBe(1)
    const context = await running.browser.newContext({ viewport: { width: 390, height: 800 } })
    const visitor = await context.newPage()
    await visitor.goto(`${running.showcase.page}#/quotes`, { referer: "https://news.example.org/item?id=7" })
    await expect.poll(() => numberOf(page, "visitors"), SLOW).toBe(2)
    expect(await page.locator('[data-figure="device/phone"] dd').textContent()).toBe("1")
    await expect.poll(() => page.locator('[data-list="page"] li').allTextContents(), SLOW).toContain("Share quotes1")
    expect(await page.locator('[data-list="referrer"] li').allTextContents()).toContain("news.example.org1")
    await visitor.evaluate(() => {
      location.hash = "#/chat/lobby"
    })
    await expect.poll(() => page.locator('[data-list="page"] li').allTextContents(), SLOW).toContain("Chat1")
    expect(await context.cookies()).toEqual([])
    await context.close()
    await expect.poll(() => numberOf(page, "visitors"), SLOW).toBe(1)
    await expect.poll(() => page.locator('[data-list="referrer"] li').allTextContents(), SLOW).toEqual(["direct1"])
    await page.context().close()
  })

  it("does not count whoever asks not to be tracked", async () => {
    const before = "Object.defineProperty(navigator, 'globalPrivacyControl', { value: true })"
    const silent = await open({ hash: "#/dashboard/visits", before })
    const page = await open({ hash: "#/dashboard/visits" })
    await expect.poll(() => numberOf(page, "visitors"), SLOW).toBe(1)
    await expect.poll(() => numberOf(silent, "visitors"), SLOW).toBe(1)
    await silent.context().close()
    await page.context().close()
  })

  it("alerts by a threshold that somebody sets and this browser keeps, with begin and end, also aloud", async () => {
    const page = await open({ hash: "#/dashboard/visits" })
    await expect.poll(() => numberOf(page, "visitors"), SLOW).toBe(1)
    await page.getByLabel("Threshold of Live visitors").fill("1")
    const other = await open({ hash: "#/dashboard/line" })
    // Those of the tests before stand there too, and are over.
    const alerts = page.locator(".alerts li", { hasText: "Live visitors" })
    const active = alerts.filter({ hasText: /above 1\s*since/ })
    const over = alerts.filter({ hasText: /\d to \d.*worst \d/ })
    await active.waitFor(SLOW)
    const before = await over.count()
    await page.locator('[data-panel="visitors"][data-alert]').waitFor(SLOW)
    await expect.poll(() => aloud(page).textContent(), SLOW).toContain("Alert: Live visitors above 1")
    await other.context().close()
    await expect.poll(() => over.count(), SLOW).toBe(before + 1)
    expect(await active.count()).toBe(0)
    await expect.poll(() => aloud(page).textContent(), SLOW).toContain("Alert over: Live visitors")
    await page.reload()
    await expect.poll(() => over.count(), SLOW).toBe(before + 1)
    await page.getByLabel("Threshold of Live visitors").fill("")
    await expect.poll(() => alerts.count(), SLOW).toBe(0)
    await page.context().close()
  })

  it("stops, looks back through what was stored, and follows again", async () => {
    const page = await open({ hash: "#/dashboard/line" })
    const slider = page.getByLabel("Look back")
    await timePasses(page)
    await page.getByRole("button", { name: "Pause" }).click()
    const stopped = await shownTime(page).textContent()
    expect(stopped).toMatch(/^Stopped at/)
    const before = await figure(page, "temperature").textContent()
    const newest = () => slider.evaluate((input: HTMLInputElement) => Number(input.max))
    const then = await newest()
    await expect.poll(newest, SLOW).toBeGreaterThan(then + 5_000)
    expect([await shownTime(page).textContent(), await figure(page, "temperature").textContent()]).toEqual([stopped, before])
    await slider.focus()
    await page.keyboard.press("ArrowLeft")
    await expect.poll(() => shownTime(page).textContent()).not.toBe(stopped)
    await page.keyboard.press("Home")
    await expect.poll(() => figure(page, "temperature").textContent(), SLOW).toBe("–")
    await page.getByText("Nothing is known of this time.").first().waitFor(SLOW)
    await page.getByRole("button", { name: "Live", exact: true }).click()
    await page.getByText(/^Live · /).waitFor(SLOW)
    await expect.poll(() => numberOf(page, "temperature"), SLOW).toBeGreaterThan(50)
    await page.getByLabel("Show", { exact: true }).selectOption({ label: "15 minutes" })
    await page.context().close()
  })

  it("says what was known last while the network is cut, and goes on when it is back", async () => {
    const page = await open({ hash: "#/dashboard/server" })
    await timePasses(page)
    await page.getByRole("button", { name: "Cut the network" }).click()
    await page.getByText(/^Last known: /).waitFor(SLOW)
    await page.getByRole("button", { name: "Restore the network" }).click()
    await page.getByText(/^Live · /).waitFor(SLOW)
    await timePasses(page)
    await page.context().close()
  })

  it("[G1] goes on after the server was killed with -9, with what was before", async () => {
    const page = await open({ hash: "#/dashboard/server" })
    await timePasses(page)
    const seen = Date.now()
    await running.showcase.restart()
    await page.getByText(/^Live · /).waitFor(SLOW)
    await timePasses(page)
    await page.reload()
    await page.getByText("2 channels, one connection").waitFor(SLOW)
    await timePasses(page)
    await page.getByRole("button", { name: "Pause" }).click()
    const slider = page.getByLabel("Look back")
    await slider.evaluate((input: HTMLInputElement, to) => {
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value")?.set?.call(input, String(to))
      input.dispatchEvent(new Event("input", { bubbles: true }))
    }, seen)
    await expect.poll(() => numberOf(page, "connections"), SLOW).toBeGreaterThanOrEqual(1)
    await page.context().close()
  })

  it("fits a narrow phone, in both languages, and keeps one board by its address", async () => {
    const page = await open({ hash: "#/dashboard", locale: "zh-TW", viewport: { width: 360, height: 740 }, reducedMotion: "reduce" })
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    await page.getByText("6 個頻道，一條連線").waitFor(SLOW)
    expect(await overflow()).toBe(0)
    await page.getByRole("link", { name: "產線" }).click()
    await page.getByText("2 個頻道，一條連線").waitFor(SLOW)
    expect(await page.locator(".board").count()).toBe(1)
    expect(await page.locator(".simulated").textContent()).toBe("模擬")
    expect(await overflow()).toBe(0)
    await page.context().close()
  })
})
