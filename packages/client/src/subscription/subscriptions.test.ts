import { MagpieError, type Welcome } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { expect, test } from "vitest"
import { createSchedule } from "../schedule.ts"
import { at } from "./listener.fixture.ts"
import type { ChannelSubscription } from "./subscription.ts"
import { createSubscriptions } from "./subscriptions.ts"

const WELCOME = {} as Welcome

function setUp() {
  const env = fakeEnv()
  const subscriptions = createSubscriptions(createSchedule(env, { initialMs: 100, maxMs: 1_000 }))
  const calls: string[] = []
  /** A channel that only says what was asked of it. */
  function add(channel: string, livePosition: ChannelSubscription["livePosition"]): { livePosition: ChannelSubscription["livePosition"] } {
    const called =
      (name: string) =>
      (...given: unknown[]): void =>
        void calls.push([channel, name, ...given.map((each) => JSON.stringify(each))].join(" "))
    const subscription = {
      livePosition,
      receive: called("receive"),
      forgotten: called("forgotten"),
      compare: called("compare"),
      online: called("online"),
      offline: called("offline"),
      reconsider: called("reconsider"),
    }
    subscriptions.add(channel, subscription as unknown as ChannelSubscription)
    return subscription
  }
  return { ...env, subscriptions, calls, add }
}

test("[G5] tells the positions of what is live, and nothing where nothing is", () => {
  const { subscriptions, add } = setUp()
  add("idle", undefined)
  expect(subscriptions.positions()).toBeUndefined()
  add("a", at(3))
  add("b", at(0))
  expect([...(subscriptions.positions() ?? [])]).toEqual([
    ["a", 3],
    ["b", 0],
  ])
})

test("[G5] tells at most 1,000 positions at a time, and every one in turn", () => {
  const { subscriptions, add } = setUp()
  for (let index = 0; index < 1_000; index++) add(`c${index}`, at(index))
  expect(subscriptions.positions()?.size).toBe(1_000)
  expect(subscriptions.positions()?.get("c0")).toBe(0)
  for (let index = 1_000; index < 2_500; index++) add(`c${index}`, at(index))
  const pages = [1, 2, 3].map(() => [...(subscriptions.positions()?.keys() ?? [])])
  expect(pages.map(({ length }) => length)).toEqual([1_000, 1_000, 1_000])
  expect(pages.map(([first]) => first)).toEqual(["c0", "c1000", "c2000"])
  expect(pages[2]?.at(-1)).toBe("c499")
  expect(new Set(pages.flat()).size).toBe(2_500)
  expect([...(subscriptions.positions()?.keys() ?? [])][0]).toBe("c500")
})

test("gives a message to its channel, and passes over one that nobody has", () => {
  const { subscriptions, calls, add } = setUp()
  add("a", at(1))
  const gap = { type: "gap", channel: "a", reason: "slow" } as const
  subscriptions.receive?.(gap)
  subscriptions.receive?.({ ...gap, channel: "nobody" })
  subscriptions.receive?.({ type: "go-away", reason: "restart" })
  expect(calls).toEqual([`a receive ${JSON.stringify(gap)}`])
})

test("[G5] compares with a pong a second later, and only what has not moved meanwhile", async () => {
  const { clock, subscriptions, calls, add } = setUp()
  add("still", at(1))
  const moving = add("moving", at(1))
  subscriptions.receive?.({
    type: "pong",
    ahead: new Map([
      ["still", at(5)],
      ["moving", at(5)],
      ["nobody", at(5)],
    ]),
    unknown: ["still", "nobody"],
  })
  expect(calls).toEqual(["still forgotten"])
  moving.livePosition = at(4)
  await clock.advance(999)
  expect(calls).toHaveLength(1)
  await clock.advance(1)
  expect(calls.slice(1)).toEqual([`still compare ${JSON.stringify(at(5))}`])
})

test("[G12] waits for nothing after a pong that says nothing", () => {
  const { clock, subscriptions, calls, add } = setUp()
  add("a", at(1))
  subscriptions.receive?.({ type: "pong" })
  subscriptions.receive?.({ type: "pong", ahead: new Map() })
  expect(calls).toEqual([])
  expect(clock.pendingTimers).toBe(0)
})

test("asks again for what was refused when the link comes with other credentials, and else only for what is open", () => {
  const { subscriptions, calls, add } = setUp()
  add("a", undefined)
  subscriptions.online?.(WELCOME, false)
  subscriptions.offline?.(new MagpieError("UNAVAILABLE", ""))
  subscriptions.online?.(WELCOME, true)
  subscriptions.reconsider()
  expect(calls).toEqual(["a online", "a offline", "a online", "a reconsider", "a reconsider"])
})
