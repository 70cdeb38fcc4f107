import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { showcaseInBrowser } from "./showcase-server.ts"

const SNIPPET = fileURLToPath(new URL("../../examples/guide/src/3-3-browser-console.js", import.meta.url))

const running = showcaseInBrowser()

describe("the guide's snippet of section 3.3", () => {
  it("runs verbatim in the console of the page and is answered with the guide's words", async () => {
    const page = await running.browser.newPage()
    const said: string[] = []
    page.on("console", (line) => said.push(line.text()))
    await page.goto(running.showcase.page)
    const snippet = readFileSync(SNIPPET, "utf8").replace("localhost:8080", `localhost:${running.showcase.process.port}`)
    const answered = page.waitForEvent("console", (line) => line.text().startsWith("伺服器回應"))
    // As a console does: the text is evaluated in the page.
    await page.evaluate((source) => new Function(source)(), snippet).catch(() => page.evaluate(snippet))
    expect((await answered).text()).toBe("伺服器回應：伺服器已收到您的訊息")
    expect(said).toContain("已連接到伺服器")
    await page.close()
  })
})
