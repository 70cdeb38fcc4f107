import { afterEach, expect, test, vi } from "vitest"
import { environment } from "./node.ts"

afterEach(() => {
  vi.unstubAllGlobals()
  vi.doUnmock("ws")
  vi.resetModules()
})

let opened: unknown[] | undefined
class FakeSocket {
  constructor(...given: unknown[]) {
    opened = given
  }
}

/** Opens a link and waits for what was made of it: the constructor's arguments, or the link's end. */
async function open(): Promise<unknown[]> {
  opened = undefined
  environment.transport.open("ws://x/magpie", ["p"], {
    onOpen() {},
    onMessage() {},
    onClose(...end) {
      opened = end
    },
  })
  return vi.waitUntil(() => opened)
}

test("takes the WebSocket that Node has", async () => {
  vi.stubGlobal("WebSocket", FakeSocket)
  expect(await open()).toEqual(["ws://x/magpie", ["p"]])
})

test("takes the package ws where Node has none, without compression", async () => {
  vi.stubGlobal("WebSocket", undefined)
  vi.doMock("ws", () => ({ WebSocket: FakeSocket }))
  expect(await open()).toEqual(["ws://x/magpie", ["p"], expect.objectContaining({ perMessageDeflate: false })])
})

test("says what to install where there is neither, and that no attempt can succeed", async () => {
  vi.stubGlobal("WebSocket", undefined)
  vi.doMock("ws", () => {
    throw new Error("Cannot find package 'ws'")
  })
  const [code, , cause] = await open()
  expect(code).toBe(1006)
  expect(cause).toMatchObject({
    code: "INVALID_OPTIONS",
    message: expect.stringContaining("npm install ws"),
    details: { field: "transport" },
  })
})

test("watches for sleep without keeping the process alive, and leaves nothing behind", () => {
  vi.useFakeTimers({ now: 0 })
  const timers = vi.spyOn(globalThis, "setInterval")
  const woken = vi.fn()
  const off = environment.signals.onWake(woken)
  const timer: NodeJS.Timeout | undefined = timers.mock.results[0]?.value
  expect(timer?.hasRef()).toBe(false)
  vi.setSystemTime(3_600_000)
  vi.advanceTimersByTime(5_000)
  expect(woken).toHaveBeenCalledTimes(1)
  off()
  environment.signals.onNetwork(() => {})()
  expect(vi.getTimerCount()).toBe(0)
  vi.useRealTimers()
})
