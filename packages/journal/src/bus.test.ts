import { busModel, fakeEnv } from "@magpie/testing"
import { describe, expect, test } from "vitest"
import type { Bus } from "./bus.ts"
import { type BusUnderTest, busConformance } from "./bus-conformance.ts"

/** The modelled bus; `alter` breaks one of its promises. */
function modelled(alter: (bus: Bus) => Bus = (bus) => bus): BusUnderTest {
  const env = fakeEnv()
  const model = busModel({ env, random: env.random.fork("bus"), latency: { minMs: 1, maxMs: 20 } })
  let nodes = 0
  const connect = (): Bus => alter(model.connect(`node-${++nodes}`))
  return { bus: connect(), connect, until: (fact) => env.clock.until(fact, 60_000), pass: () => env.clock.advance(1_000) }
}

describe("the modelled bus", () => {
  busConformance({ test, create: () => modelled() })

  test("loses the part that it is told to, and nothing to or from a node that is cut off, or between two", async () => {
    const env = fakeEnv()
    const model = busModel({ env, random: env.random.fork("bus") })
    const [a, b, c] = ["a", "b", "c"].map((node) => model.connect(node))
    const heard = { b: 0, c: 0 }
    b?.subscribe("s", () => heard.b++)
    c?.subscribe("s", () => heard.c++)
    const publish = async (count: number) => {
      heard.b = heard.c = 0
      for (let index = 0; index < count; index++) a?.publish("s", Uint8Array.of(1))
      await env.clock.advance(1_000)
      return heard
    }
    model.cut("a", "b")
    expect(await publish(1)).toEqual({ b: 0, c: 1 })
    model.heal("b", "a")
    model.cut("a")
    expect(await publish(1)).toEqual({ b: 0, c: 0 })
    model.heal("a")
    model.crash("b")
    expect(await publish(1)).toEqual({ b: 0, c: 1 })
    model.lose(0.5)
    const { c: arrived } = await publish(1_000)
    expect(arrived).toBeGreaterThan(400)
    expect(arrived).toBeLessThan(600)
  })
})

/** One promise broken each. */
const SABOTEURS: Readonly<Record<string, (bus: Bus) => Bus>> = {
  "hands everything on twice": (bus) => ({ ...bus, subscribe: (subject, listener) => both(bus, subject, listener) }),
  "folds the letters of subjects": (bus) => ({ ...bus, subscribe: (subject, listener) => bus.subscribe(subject.toLowerCase(), listener) }),
  "cuts long messages": (bus) => ({ ...bus, publish: (subject, message) => bus.publish(subject, message.subarray(0, 65_536)) }),
  "never stops": (bus) => ({
    ...bus,
    subscribe(subject, listener) {
      bus.subscribe(subject, listener)
      return () => {}
    },
  }),
  "cannot be closed": (bus) => ({ ...bus, close: () => Promise.resolve() }),
}

function both(bus: Bus, subject: string, listener: (message: Uint8Array) => void): () => void {
  return bus.subscribe(subject, (message) => {
    listener(message)
    listener(message)
  })
}

test.each(Object.entries(SABOTEURS))("the suite sees a bus that %s", async (_what, alter) => {
  const cases: (() => Promise<void>)[] = []
  busConformance({ test: (_name, run) => void cases.push(run), create: () => modelled(alter) })
  const failed = await Promise.all(
    cases.map((run) =>
      run().then(
        () => false,
        () => true,
      ),
    ),
  )
  expect(failed.some(Boolean)).toBe(true)
})
