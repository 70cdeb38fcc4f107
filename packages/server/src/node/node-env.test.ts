import { afterEach, describe, expect, it, vi } from "vitest"
import { nodeEnv } from "./node-env.ts"

const DAY_MS = 86_400_000

afterEach(() => {
  vi.useRealTimers()
})

describe("a timer of Node's world", () => {
  it("fires when it is due, also after more days than Node itself can wait", () => {
    vi.useFakeTimers()
    const fired: number[] = []
    const { clock } = nodeEnv(() => {})
    for (const days of [1, 30, 60]) clock.setTimer(days * DAY_MS, () => fired.push(days))
    vi.advanceTimersByTime(29 * DAY_MS)
    expect(fired).toEqual([1])
    vi.advanceTimersByTime(DAY_MS)
    expect(fired).toEqual([1, 30])
    vi.advanceTimersByTime(30 * DAY_MS)
    expect(fired).toEqual([1, 30, 60])
  })

  it("can be cancelled at any time", () => {
    vi.useFakeTimers()
    const timer = nodeEnv(() => {}).clock.setTimer(60 * DAY_MS, () => {
      throw new Error("it was cancelled")
    })
    vi.advanceTimersByTime(40 * DAY_MS)
    timer.cancel()
    vi.advanceTimersByTime(40 * DAY_MS)
    expect(vi.getTimerCount()).toBe(0)
  })
})
