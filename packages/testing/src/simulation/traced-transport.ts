import type { Transport } from "@magpie/client"
import type { FakeProcess } from "../fake-process.ts"
import type { SeededRandom } from "../seeded-random.ts"
import type { SimulatedClientOptions } from "./simulated-client.ts"

/** What a welcome gives, for somebody who steals that. */
export interface Papers {
  readonly session?: string
  readonly producer?: string
  readonly server?: Server
}

/** A node, and the how-manieth of its processes. */
export interface Server {
  readonly name: string
  readonly life: number
  readonly upSinceMs: number
}

/** Links of one life of a client, each to the node that is its turn, with everything that they carry in the trace. */
export function tracedTransport(
  { name, network, through, pickNode, trace }: Pick<SimulatedClientOptions, "name" | "network" | "through" | "pickNode" | "trace">,
  its: FakeProcess,
  random: SeededRandom,
  onWelcome: (papers: Papers) => void,
): Transport {
  const webSockets = network.transport({ address: name })
  const transport = through?.(webSockets, its, random) ?? webSockets
  return {
    open(_url, protocols, events) {
      const { name: node, life, upSinceMs } = pickNode()
      trace(`open ${node}`)
      const link = transport.open(`ws://${node}/magpie`, protocols, {
        onOpen: () => its.run(() => events.onOpen()),
        onMessage: (frame) =>
          its.run(() => {
            const text = String(frame)
            trace(text)
            if (text.startsWith('{"type":"welcome"'))
              onWelcome({ ...(JSON.parse(text.split("\n")[0] ?? "") as Papers), server: { name: node, life, upSinceMs } })
            events.onMessage(frame)
          }),
        onClose: (code, reason, cause) => its.run(() => events.onClose(code, reason, cause)),
      })
      return {
        get bufferedBytes() {
          return link.bufferedBytes
        },
        send(frame) {
          trace(String(frame))
          link.send(frame)
        },
        close: (code, reason) => link.close(code, reason),
      }
    },
  }
}
