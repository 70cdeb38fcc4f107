// @vitest-environment happy-dom
import { memoryLanes, persistent } from "@magpie/client/persistent"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { openConversation } from "../../apps/support/src/conversation/conversation.ts"
import { widgetWordsOf } from "../../apps/support/src/language/widget-words.ts"
import { createTitleNotice, playSound, setSound } from "../../apps/support/src/page/notify.ts"
import { followUnread } from "../../apps/support/src/widget/unread.ts"
import { createSupportBed, type SupportBed } from "./support-bed.ts"

let hidden = false
/** The frequencies of the tones that began. */
const tones: number[] = []

class SilentAudio {
  readonly currentTime = 0
  readonly destination = {}
  createGain() {
    return { connect() {}, gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} } }
  }
  createOscillator() {
    const frequency = { value: 0 }
    return { frequency, connect() {}, start: () => void tones.push(frequency.value), stop() {} }
  }
}

beforeEach(() => {
  hidden = false
  tones.length = 0
  localStorage.clear()
  document.title = "Shop"
  vi.spyOn(document, "hidden", "get").mockImplementation(() => hidden)
  vi.stubGlobal("AudioContext", SilentAudio)
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

function show(visible: boolean): void {
  hidden = !visible
  document.dispatchEvent(new Event("visibilitychange"))
}

describe("the title", () => {
  it("counts what is new for as long as nobody looks at the page, then is what it was", () => {
    const { add } = createTitleNotice()
    add()
    expect(document.title).toBe("Shop")
    show(false)
    add()
    add()
    expect(document.title).toBe("(2) Shop")
    show(true)
    expect(document.title).toBe("Shop")
    show(false)
    add()
    expect(document.title).toBe("(1) Shop")
  })
})

describe("the sound", () => {
  it("is two tones, none where it was switched off, and none before anybody has touched the page", () => {
    const touched = { hasBeenActive: true }
    Object.defineProperty(navigator, "userActivation", { value: touched, configurable: true })
    playSound()
    expect(tones).toEqual([660, 880])
    setSound(false)
    playSound()
    setSound(true)
    touched.hasBeenActive = false
    playSound()
    expect(tones).toHaveLength(2)
    touched.hasBeenActive = true
    playSound()
    expect(tones).toHaveLength(4)
  })
})

describe("what the widget tells of new messages", () => {
  let bed: SupportBed
  afterEach(() => bed.close())

  it("is told by title, sound and badge when an agent writes, not of what was there before, one's own or a colleague's arrival", async () => {
    bed = await createSupportBed()
    const agent = bed.agent("mei").channel(`support/talk/${bed.me}`)
    await bed.told(agent.send("say", { text: "of yesterday" }))
    const outbox = persistent({ name: "visitor", lanes: memoryLanes() })
    const client = bed.visitor(undefined, { outbox })
    const talk = openConversation({ client, outbox, device: "d" }, bed.me, "visitor")
    const badge = document.createElement("span")
    let isOpen = false
    const look = followUnread({ talk, visitor: bed.me, words: widgetWordsOf("en"), badge, isOpen: () => isOpen })
    await bed.clock.until(() => talk.view.get().loaded)
    show(false)
    talk.send("my own")
    await bed.told(agent.send("event", { what: "joined" }))
    await bed.clock.until(() => talk.view.get().lines.length === 3)
    expect([document.title, tones.length, badge.textContent]).toEqual(["Shop", 0, "1"])

    await bed.told(agent.send("say", { text: "today's" }))
    await bed.clock.until(() => talk.view.get().lines.length === 4)
    expect([document.title, tones.length, badge.textContent, badge.hidden]).toEqual(["(1) Shop", 2, "2", false])

    isOpen = true
    show(true)
    look()
    expect([document.title, badge.textContent, badge.hidden]).toEqual(["Shop", "0", true])
    talk.close()
  })
})
