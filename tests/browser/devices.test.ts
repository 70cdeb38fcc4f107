import type { Page } from "playwright-core"
import { describe, expect, it } from "vitest"
import { showcaseInBrowser } from "./showcase-server.ts"

const PATIENCE = { timeout: 60_000 }
const running = showcaseInBrowser()

interface Opening {
  readonly hash?: string
  readonly locale?: string
  readonly width?: number
}

/** The page of devices, with the fleet that the server simulates. */
async function open({ hash = "#/devices/demo-valve", locale = "en-US", width = 1_280 }: Opening = {}): Promise<Page> {
  const context = await running.browser.newContext({ locale, viewport: { width, height: 860 } })
  const page = await context.newPage()
  await page.goto(running.showcase.page + hash)
  await page
    .locator(".device-row[data-online='true']")
    .filter({ hasText: "demo-valve" })
    .waitFor({ state: "attached", ...PATIENCE })
  return page
}

async function move(page: Page, percent: number): Promise<void> {
  await page.getByRole("slider", { name: "Position" }).fill(String(percent))
  await page.getByRole("button", { name: "Send as a command" }).click()
}

const newestCall = (page: Page, state: string) => page.locator(`.call:first-child[data-state="${state}"]`)
const reported = (page: Page, field: string) => page.locator(`.twin [data-field="${field}"] td`).first()

describe("the devices in a browser", () => {
  it("[G9] move a valve with progress, cancel it on the way, and keep all of it in the ledger, with nothing in the console", async () => {
    const page = await open()
    const errors: string[] = []
    page.on("console", (line) => line.type() === "error" && errors.push(line.text()))
    page.on("pageerror", (error) => errors.push(error.message))
    await move(page, 30)
    await page.locator(".call progress").waitFor(PATIENCE)
    await newestCall(page, "done").waitFor(PATIENCE)
    await expect.poll(() => reported(page, "position").textContent(), PATIENCE).toBe("30%")
    await move(page, 100)
    await page.locator(".call progress").waitFor(PATIENCE)
    await page.getByRole("button", { name: "Cancel the command to demo-valve" }).click()
    await newestCall(page, "cancelled").waitFor(PATIENCE)
    await page.locator(".ledger .call-state[data-state='cancelled']").waitFor(PATIENCE)
    await page.locator(".ledger .call-state[data-state='done']").waitFor(PATIENCE)
    await page.reload()
    await page.locator(".ledger .call-state[data-state='cancelled']").waitFor(PATIENCE)
    expect(errors).toEqual([])
    await page.context().close()
  })

  it("show what is desired beside what is reported, and the difference that a command makes", async () => {
    const page = await open({ hash: "#/devices/demo-lamp" })
    await page.getByRole("slider", { name: "Brightness" }).fill("40")
    await page.getByRole("button", { name: "Set as desired" }).click()
    await expect.poll(() => reported(page, "brightness").textContent(), PATIENCE).toBe("40%")
    await page.getByText("It is as desired.").waitFor(PATIENCE)
    await page.getByRole("slider", { name: "Brightness" }).fill("90")
    await page.getByRole("button", { name: "Send as a command" }).click()
    await page.locator('.twin tr[data-field="brightness"][data-differs="true"]').waitFor(PATIENCE)
    await page.getByText(/It took this up and is something else since/).waitFor(PATIENCE)
    await page.context().close()
  })

  it("tell all lamps at once, and show together what becomes of each", async () => {
    const page = await open({ hash: "#/devices/demo-lamp" })
    await page.getByLabel("Whom").selectOption({ label: "Lamp everywhere (2)" })
    await page.getByRole("slider", { name: "Brightness" }).fill("33")
    await page.getByRole("button", { name: "Send as a command" }).click()
    // One of them may be away for half a minute, and takes it on its return.
    await page.locator(".batch").getByText("2 of 2 done").waitFor({ timeout: 90_000 })
    await page.locator(".device-row", { hasText: "demo-night-light" }).getByRole("link").click()
    await expect.poll(() => reported(page, "brightness").textContent(), PATIENCE).toBe("33%")
    await page.context().close()
  })

  it("[G9] send what was called while the network was cut when it is back, and go on after the server was killed with -9", async () => {
    const page = await open()
    await page.getByRole("button", { name: "Cut the network" }).click()
    await page.getByText("Cut off: this is what was known last.").waitFor(PATIENCE)
    await move(page, 55)
    await newestCall(page, "sending").waitFor(PATIENCE)
    await page.getByRole("button", { name: "Restore the network" }).click()
    await newestCall(page, "done").waitFor(PATIENCE)
    await expect.poll(() => reported(page, "position").textContent(), PATIENCE).toBe("55%")
    await running.showcase.restart()
    await page.locator(".device-row[data-online='true']").filter({ hasText: "demo-valve" }).waitFor(PATIENCE)
    await move(page, 60)
    await newestCall(page, "done").waitFor(PATIENCE)
    await page.context().close()
  })

  it("fit a narrow phone: the fleet, and one device, one after the other, in 繁體中文 too", async () => {
    const page = await open({ width: 360, locale: "zh-TW", hash: "#/devices" })
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)
    expect(await overflow()).toBe(0)
    await page.locator(".device-row a").filter({ hasText: "demo-thermostat" }).click()
    await page.getByRole("heading", { name: "demo-thermostat" }).waitFor(PATIENCE)
    await page.getByRole("button", { name: "以指令送出" }).click()
    await newestCall(page, "done").waitFor(PATIENCE)
    expect(await overflow()).toBe(0)
    await page.getByRole("link", { name: "回到裝置清單" }).click()
    await page.locator(".device-row").first().waitFor(PATIENCE)
    await page.context().close()
  })

  it("[G9] are a page that is operated from another one, and goes on after a reload", async () => {
    const page = await open({ hash: "#/devices", width: 360 })
    await page.getByRole("link", { name: "Make this a device" }).click()
    await page.getByRole("radio", { name: "Valve" }).check()
    await page.getByText("Ready for commands, as long as this page is open.").waitFor(PATIENCE)
    const name = (await page.locator(".own-device h2").textContent()) ?? ""
    const operator = await open({ hash: `#/devices/${name}` })
    await move(operator, 25)
    await newestCall(operator, "done").waitFor(PATIENCE)
    await page.getByText("25% open", { exact: true }).waitFor(PATIENCE)
    await page.reload()
    await page.getByText("25% open", { exact: true }).waitFor(PATIENCE)
    await page.getByRole("button", { name: "Jam it" }).click()
    await expect.poll(() => reported(operator, "jammed").textContent(), PATIENCE).toBe("yes")
    await move(operator, 50)
    await newestCall(operator, "failed").waitFor(PATIENCE)
    expect(await operator.locator(".call:first-child .call-about").textContent()).toBe("stuck")
    await page.getByRole("link", { name: "Back to the devices" }).click()
    await operator.locator(".device-head .online-mark.offline").waitFor(PATIENCE)
    await page.context().close()
    await operator.context().close()
  })

  it("say so of a device that nobody knows", async () => {
    const page = await open({ hash: "#/devices/nobody" })
    await page.getByText('No device "nobody" has reported here.').waitFor(PATIENCE)
    await page.context().close()
  })
})
