import { type Bus, MAX_BUS_MESSAGE_BYTES } from "@magpie/journal"
import type { Env } from "@magpie/protocol"
import type { SeededRandom } from "./seeded-random.ts"

export interface BusModelOptions {
  readonly env: Env
  readonly random: SeededRandom
  /** How long a message takes; where the two differ, messages overtake each other. Default: 0 to 3 ms. */
  readonly latency?: { readonly minMs: number; readonly maxMs: number }
}

/** A bus between nodes, in memory: at most once, in no order, with faults. */
export interface BusModel {
  /** This node's end. `run` keeps what arrives until its process runs. */
  connect(node: string, run?: (task: () => void) => void): Bus
  /** From now on that part of the messages gets lost, from 0 to 1; `struck` is called for each. */
  lose(share: number, struck?: () => void): void
  /** Nothing gets from or to the node, and nobody is told but `struck`. With two, nothing gets from one of them to the other. */
  cut(node: string, other?: string, struck?: () => void): void
  heal(node: string, other?: string): void
  /** The node's process is gone, and its end with it. */
  crash(node: string): void
  /** Messages that were handed to somebody, and bytes in them. */
  readonly delivered: number
  readonly deliveredBytes: number
}

/** What the port allows in a subject. */
const MAX_SUBJECT_BYTES = 300
const LATENCY = { minMs: 0, maxMs: 3 }

type Listener = (message: Uint8Array) => void

interface End {
  readonly node: string
  readonly subjects: Map<string, Set<Listener>>
  readonly run: (task: () => void) => void
}

export function busModel({ env, random, latency = LATENCY }: BusModelOptions): BusModel {
  const ends = new Set<End>()
  const cuts = new Map<string, () => void>()
  let loss = { share: 0, struck: () => {} }
  let delivered = 0
  let deliveredBytes = 0

  const between = (a: string, b: string): string => [a, b].sort().join(" ")
  const keyOf = (node: string, other: string | undefined): string => (other === undefined ? node : between(node, other))

  function isCut(a: string, b: string): boolean {
    const cut = cuts.get(a) ?? cuts.get(b) ?? cuts.get(between(a, b))
    cut?.()
    return cut !== undefined
  }

  function isLost(): boolean {
    const lost = random.float() < loss.share
    if (lost) loss.struck()
    return lost
  }

  function send(from: End, to: End, subject: string, message: Uint8Array): void {
    if (isCut(from.node, to.node) || isLost()) return
    const delayMs = latency.minMs + random.float() * (latency.maxMs - latency.minMs)
    env.clock.setTimer(delayMs, () => {
      if (!ends.has(to) || isCut(from.node, to.node)) return
      to.run(() => {
        for (const listener of [...(to.subjects.get(subject) ?? [])]) {
          delivered++
          deliveredBytes += message.length
          listener(message)
        }
      })
    })
  }

  function busOf(end: End): Bus {
    return {
      publish(subject, message) {
        if (message.length > MAX_BUS_MESSAGE_BYTES) throw new RangeError(`a message of ${message.length} bytes on the bus`)
        if (new TextEncoder().encode(subject).length > MAX_SUBJECT_BYTES) throw new RangeError("a subject too long for the bus")
        if (!ends.has(end)) return
        for (const other of ends) if (other !== end && other.subjects.has(subject)) send(end, other, subject, message.slice())
      },
      subscribe(subject, listener) {
        const listeners = end.subjects.get(subject) ?? new Set()
        end.subjects.set(subject, listeners.add(listener))
        return () => {
          listeners.delete(listener)
          if (listeners.size === 0 && end.subjects.get(subject) === listeners) end.subjects.delete(subject)
        }
      },
      async close() {
        ends.delete(end)
      },
    }
  }

  return {
    connect(node, run = (task) => task()) {
      const end: End = { node, subjects: new Map(), run }
      ends.add(end)
      return busOf(end)
    },
    lose(share, struck = () => {}) {
      loss = { share, struck }
    },
    cut: (node, other, struck = () => {}) => void cuts.set(keyOf(node, other), struck),
    heal: (node, other) => void cuts.delete(keyOf(node, other)),
    crash(node) {
      for (const end of ends) if (end.node === node) ends.delete(end)
    },
    get delivered() {
      return delivered
    },
    get deliveredBytes() {
      return deliveredBytes
    },
  }
}
