import type { Timer } from "@magpie/protocol"
import type { Link } from "../transport/transport.ts"
import type { TransportWorld } from "./http-client.ts"
import type { NamedTransport } from "./named-transport.ts"

/** Tries better transports from time to time, beside a link that works. */
export interface Climb {
  /** Begins for one link; returns how to give it up. `found` is told, once, which transport comes through now. */
  begin(address: Address, below: number, found: (index: number) => void): () => void
  /** The best one works: the next climb begins with the first wait. */
  reset(): void
}

interface Address {
  readonly url: string
  readonly protocols: readonly string[]
}

export interface ClimbOptions {
  readonly transports: readonly NamedTransport[]
  readonly world: Pick<TransportWorld, "clock" | "random">
  readonly patienceMs: number
  readonly climbAfterMs: number
}

const LONGEST_MS = 1_800_000
const NORMAL = 1000
/** A server refuses it before hello, and says so: then frames come through both ways. */
const QUESTION = '{"type":"ping"}'

export function createClimb({ transports, world, patienceMs, climbAfterMs }: ClimbOptions): Climb {
  const { clock, random } = world
  let failures = 0

  /** Whether a frame goes there and back in time. Returns how to give it up. */
  function probe(transport: NamedTransport, { url, protocols }: Address, then: (works: boolean) => void): () => void {
    let done = false
    let link: Link | undefined
    const finish = (works: boolean | undefined): void => {
      if (done) return
      done = true
      timer.cancel()
      link?.close(NORMAL, "")
      if (works !== undefined) then(works)
    }
    const timer = clock.setTimer(patienceMs, () => finish(false))
    try {
      link = transport.open(url, protocols, {
        onOpen: () => done || link?.send(QUESTION),
        onMessage: () => finish(true),
        onClose: () => finish(false),
      })
    } catch {
      clock.defer(() => finish(false))
    }
    return () => finish(undefined)
  }

  return {
    begin(address, below, found) {
      let timer: Timer | undefined
      let giveUp = (): void => {}

      function attempt(index: number): void {
        const transport = transports[index]
        if (transport === undefined || index >= below) {
          failures += 1
          return wait()
        }
        giveUp = probe(transport, address, (works) => (works ? found(index) : attempt(index + 1)))
      }

      function wait(): void {
        // Not everybody in the same moment.
        const delayMs = Math.min(LONGEST_MS, climbAfterMs * 2 ** failures) * (1 + random.float() / 4)
        timer = clock.setTimer(delayMs, () => attempt(0))
      }

      wait()
      return () => {
        timer?.cancel()
        giveUp()
      }
    },
    reset() {
      failures = 0
    },
  }
}
