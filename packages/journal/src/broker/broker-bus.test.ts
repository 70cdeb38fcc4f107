import { fakeEnv } from "@magpie/testing"
import { expect, test } from "vitest"
import type { BusBroker } from "./broker.ts"
import { brokerBus } from "./broker-bus.ts"

/** A broker whose messages are put into its client's hand, as vendors do: in a `Buffer`. */
function bed() {
  const env = fakeEnv()
  let hear: (subject: string, message: Uint8Array) => void = () => {}
  const broker: BusBroker = {
    name: "fake-bus",
    async connect(heard) {
      hear = heard
      return { publish: () => {}, subscribe: () => {}, unsubscribe: () => {}, close: async () => {} }
    },
  }
  return { env, bus: brokerBus({ env, broker }), come: (subject: string, bytes: readonly number[]) => hear(subject, Buffer.from(bytes)) }
}

test("gives each listener bytes of its own, also where the broker's client shares its memory", async () => {
  const { env, bus, come } = bed()
  await env.clock.advance(1)
  const heard: string[] = []
  bus.subscribe("s", (message) => void message.fill(9))
  bus.subscribe("s", (message) => heard.push(message.join()))
  come("s", [1, 2, 3])
  expect(heard).toEqual(["1,2,3"])
  await bus.close()
})
