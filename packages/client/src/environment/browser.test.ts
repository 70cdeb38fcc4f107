import { afterEach, beforeEach, expect, test, vi } from "vitest"
import { environment } from "./browser.ts"

/** An event target that knows how many listen to it. */
class Counted extends EventTarget {
  listening = 0
  override addEventListener(...given: Parameters<EventTarget["addEventListener"]>): void {
    this.listening++
    super.addEventListener(...given)
  }
  override removeEventListener(...given: Parameters<EventTarget["removeEventListener"]>): void {
    this.listening--
    super.removeEventListener(...given)
  }
}

let page: Counted
let view: Counted & { visibilityState?: string }

beforeEach(() => {
  vi.useFakeTimers()
  page = new Counted()
  view = new Counted()
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page))
  vi.stubGlobal("removeEventListener", page.removeEventListener.bind(page))
})
afterEach(() => {
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test("tells when the network comes and goes, until its disposer is called", () => {
  const seen: boolean[] = []
  const off = environment.signals.onNetwork((online) => seen.push(online))
  page.dispatchEvent(new Event("offline"))
  page.dispatchEvent(new Event("online"))
  off()
  page.dispatchEvent(new Event("offline"))
  expect(seen).toEqual([false, true])
  expect(page.listening).toBe(0)
})

test("wakes when the page becomes visible, is shown from the cache, or the machine slept; not when it is hidden", () => {
  vi.stubGlobal("document", view)
  const woken = vi.fn()
  const off = environment.signals.onWake(woken)
  view.visibilityState = "hidden"
  view.dispatchEvent(new Event("visibilitychange"))
  expect(woken).toHaveBeenCalledTimes(0)
  view.visibilityState = "visible"
  view.dispatchEvent(new Event("visibilitychange"))
  expect(woken).toHaveBeenCalledTimes(1)
  page.dispatchEvent(new Event("pageshow"))
  expect(woken).toHaveBeenCalledTimes(2)
  vi.setSystemTime(Date.now() + 3_600_000)
  vi.advanceTimersByTime(5_000)
  expect(woken).toHaveBeenCalledTimes(3)
  off()
  view.dispatchEvent(new Event("visibilitychange"))
  page.dispatchEvent(new Event("pageshow"))
  expect(woken).toHaveBeenCalledTimes(3)
  expect([page.listening, view.listening, vi.getTimerCount()]).toEqual([0, 0, 0])
})

test("a worker has no document, and wakes all the same", () => {
  const woken = vi.fn()
  const off = environment.signals.onWake(woken)
  page.dispatchEvent(new Event("pageshow"))
  off()
  expect(woken).toHaveBeenCalledTimes(1)
  expect(page.listening).toBe(0)
})

test("opens links with the browser's own WebSocket", async () => {
  const made: unknown[][] = []
  class FakeSocket {
    constructor(...given: unknown[]) {
      made.push(given)
    }
  }
  vi.stubGlobal("WebSocket", FakeSocket)
  environment.transport.open("ws://x/magpie", ["p"], { onOpen() {}, onMessage() {}, onClose() {} })
  await Promise.resolve()
  expect(made).toEqual([["ws://x/magpie", ["p"]]])
})
