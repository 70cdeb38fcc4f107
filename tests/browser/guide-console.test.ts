import { readFileSync } from "node:fs"
import { expect, test } from "vitest"
import { startServer } from "../../examples/guide/src/3-2-server.ts"
import { launchChromium } from "./chromium.ts"

const snippet = readFileSync(new URL("../../examples/guide/src/3-3-browser-console.js", import.meta.url), "utf8")

test("the guide's console snippet, typed into a browser's console, is answered in the guide's words", async () => {
  const server = await startServer({ port: 0 })
  const browser = await launchChromium()
  try {
    const page = await browser.newPage()
    const lines: string[] = []
    const answered = new Promise<void>((resolve) =>
      page.on("console", (message) => {
        lines.push(message.text())
        if (message.text().startsWith("伺服器回應")) resolve()
      }),
    )
    await page.addScriptTag({ content: snippet.replace(":8080", `:${server.port}`) })
    await answered
    expect(lines).toEqual(["已連接到伺服器", "伺服器回應：伺服器已收到您的訊息"])
  } finally {
    await browser.close()
    await server.close()
  }
})
