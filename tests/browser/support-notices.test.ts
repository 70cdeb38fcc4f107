import type { Page } from "playwright-core"
import { describe, expect, it } from "vitest"
import { showcaseInBrowser } from "./showcase-server.ts"
import { bytesOf, choose, supportPages, write } from "./support-pages.ts"

/** What the stand-ins in a page have. */
type Heard = typeof globalThis & { tones: number; isHidden: boolean }

/** A page that counts its tones instead of playing them, and is hidden when the test says so. */
const deafPages = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const heard = globalThis as Heard
    heard.tones = 0
    heard.isHidden = false
    Object.defineProperty(document, "hidden", { get: () => heard.isHidden })
    class SilentAudio extends AudioContext {
      override createOscillator(): OscillatorNode {
        const tone = super.createOscillator()
        tone.start = () => void heard.tones++
        tone.stop = () => {}
        return tone
      }
    }
    heard.AudioContext = SilentAudio
  })

const running = showcaseInBrowser()
const { openVisitor, openAgent } = supportPages(running, deafPages)

const setHidden = (page: Page, isHidden: boolean): Promise<void> =>
  page.evaluate((value) => {
    ;(globalThis as Heard).isHidden = value
    document.dispatchEvent(new Event("visibilitychange"))
  }, isHidden)
const tonesOf = (page: Page): Promise<number> => page.evaluate(() => (globalThis as Heard).tones)
const titleIs = (page: Page, title: string) => expect.poll(() => page.title(), { timeout: 60_000 }).toBe(title)

/** A visitor whose conversation an agent has taken. */
async function openTalk(question: string): Promise<{ readonly visitor: Page; readonly agent: Page }> {
  const [visitor, agent] = [await openVisitor(), await openAgent("Mei")]
  await write(visitor, "Write a message", question)
  await choose(agent, question)
  await agent.getByRole("button", { name: "Take", exact: true }).click()
  await agent.getByLabel("Write an answer").waitFor()
  return { visitor, agent }
}

describe("the support chat's notices", () => {
  it("tell both sides of a new message by title and sound while nobody looks at the page, and by the title alone without sound", async () => {
    const { visitor, agent } = await openTalk("a question")
    for (const [writer, field, reader, sound] of [
      [visitor, "Write a message", agent, agent.getByLabel("Sound")],
      [agent, "Write an answer", visitor, visitor.getByRole("button", { name: "Sound" })],
    ] as const) {
      const title = await reader.title()
      await setHidden(reader, true)
      const before = await tonesOf(reader)
      await write(writer, field, "something new")
      await titleIs(reader, `(1) ${title}`)
      expect(await tonesOf(reader)).toBe(before + 2)
      await sound.click()
      await write(writer, field, "something newer")
      await titleIs(reader, `(2) ${title}`)
      expect(await tonesOf(reader)).toBe(before + 2)
      await setHidden(reader, false)
      expect(await reader.title()).toBe(title)
    }
    await Promise.all([visitor.context().close(), agent.context().close()])
  })

  it("[G2] tell a visitor of an attachment from an agent, which he gets byte by byte", async () => {
    const { visitor, agent } = await openTalk("may I have the invoice")
    const title = await visitor.title()
    await setHidden(visitor, true)
    const bytes = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, index) => index % 251))
    await agent.locator(".answer input[type=file]").setInputFiles({ name: "invoice.pdf", mimeType: "application/pdf", buffer: bytes })
    await titleIs(visitor, `(1) ${title}`)
    const saved = visitor.waitForEvent("download")
    await visitor
      .locator(".lines .theirs")
      .getByRole("button", { name: /invoice\.pdf/ })
      .click()
    expect((await bytesOf(await saved)).equals(bytes)).toBe(true)
    await Promise.all([visitor.context().close(), agent.context().close()])
  })
})
