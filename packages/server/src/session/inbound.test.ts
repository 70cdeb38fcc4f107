import { describe, expect, it } from "vitest"
import { createTraffic } from "../metrics/traffic.ts"
import { Inbound, type InboundOwner } from "./inbound.ts"

function setUp() {
  const handled: unknown[] = []
  const decisions: (() => void)[] = []
  const state = { mayHandle: true, moved: 0, failed: 0 }
  const traffic = createTraffic()
  const owner: InboundOwner = {
    handleInbound(message) {
      const value = "value" in message ? message.value : undefined
      handled.push(value)
      if (value === "broken") return Promise.reject(new Error("a defect"))
      return value === "slow" ? new Promise<void>((resolve) => void decisions.push(resolve)) : undefined
    },
    mayHandle: () => state.mayHandle,
    inboundMoved: () => {
      state.moved++
    },
    inboundFailed: () => {
      state.failed++
    },
  }
  const inbound = new Inbound(owner, traffic)
  const say = (...values: unknown[]): void => {
    for (const value of values) inbound.push({ value })
    inbound.pump()
  }
  return { inbound, handled, decisions, state, traffic, say }
}

describe("inbound messages", () => {
  it("[G3] wait while an earlier one is being decided, and go on in order", async () => {
    const { inbound, handled, decisions, state, traffic, say } = setUp()
    say("a", "slow", "b")
    say("c")
    expect(traffic.messagesIn).toBe(4)
    expect(handled).toEqual(["a", "slow"])
    expect(inbound.waiting).toBe(2)
    decisions[0]?.()
    await Promise.resolve()
    expect(handled).toEqual(["a", "slow", "b", "c"])
    expect([inbound.waiting, state.moved]).toEqual([0, 1])
  })

  it("wait while they may not be handled, and go on when asked", () => {
    const { inbound, handled, state, say } = setUp()
    state.mayHandle = false
    say("a", "b")
    expect(handled).toEqual([])
    state.mayHandle = true
    inbound.pump()
    expect(handled).toEqual(["a", "b"])
  })

  it("[G11] go on after a decision that failed where it should have answered", async () => {
    const { handled, state, say } = setUp()
    say("broken", "b")
    await Promise.resolve()
    expect([handled, state.failed]).toEqual([["broken", "b"], 1])
  })

  it("are forgotten when the connection leaves in the middle of a decision", async () => {
    const { inbound, handled, decisions, say } = setUp()
    say("slow", "b")
    inbound.clear()
    decisions[0]?.()
    await Promise.resolve()
    expect(handled).toEqual(["slow"])
  })
})
