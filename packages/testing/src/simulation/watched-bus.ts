import type { Bus } from "@magpie/journal"
import { BROADCAST, type Payload } from "./simulated-app.ts"

const fromUtf8 = new TextDecoder()

/** Hears of each message of the broadcast that comes from another node and is to be passed on, just before it is. */
export function watchedBus(bus: Bus, onPassedOn: (id: string) => void): Bus {
  function watched(listener: (message: Uint8Array) => void): (message: Uint8Array) => void {
    const last = new Map<string, number>()
    return (message) => {
      const [head = "", data = ""] = fromUtf8.decode(message).split("\n")
      const [origin, number] = JSON.parse(head) as [string, number]
      // What comes behind a later one of its node is late, and nobody is owed it.
      if (number > (last.get(origin) ?? 0)) {
        last.set(origin, number)
        onPassedOn((JSON.parse(data) as Payload).id)
      }
      listener(message)
    }
  }

  return {
    publish: (subject, message) => bus.publish(subject, message),
    subscribe: (subject, listener) => bus.subscribe(subject, subject === `broadcast/${BROADCAST}` ? watched(listener) : listener),
    close: () => bus.close(),
  }
}
