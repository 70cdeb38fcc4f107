import type { Bus, BusUnderTest } from "@magpie/journal"
import type { BrokerProcess } from "./broker-process.ts"
import type { BrokerKind } from "./brokers.ts"
import { env, newName, until } from "./journal-bed.ts"

/** A bus of its own in a broker that runs. */
export function busOn(kind: BrokerKind, broker: BrokerProcess): BusUnderTest {
  const name = newName()
  const ends: Bus[] = []
  const open = (): Bus => {
    const bus = kind.adapter({ port: broker.port, name }).openBus(env)
    ends.push(bus)
    return bus
  }
  const bus = open()
  const outside = open()
  let probes = 0

  /** What was asked of an end, and sent to it, before this call has been done when a message that comes after it is heard. */
  async function reached(end: Bus): Promise<void> {
    const subject = `probe-${++probes}`
    let heard = false
    const stop = end.subscribe(subject, () => {
      heard = true
    })
    await until(() => {
      outside.publish(subject, new Uint8Array())
      return heard
    }, "a message on the bus")
    stop()
  }

  const closed = new Set<Bus>()
  const follow = (end: Bus): Bus => ({
    publish: (subject, message) => end.publish(subject, message),
    subscribe: (subject, listener) => end.subscribe(subject, listener),
    close() {
      closed.add(end)
      return end.close()
    },
  })

  return {
    bus: follow(bus),
    connect: () => follow(open()),
    until,
    async pass() {
      for (const end of ends) if (!closed.has(end) && end !== outside) await reached(end)
    },
    async dispose() {
      await Promise.all(ends.map((end) => end.close()))
    },
  }
}
