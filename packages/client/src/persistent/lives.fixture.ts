import { contract, stream, type Timer, type UpMessage } from "@magpie/protocol"
import { answerPolitely, crashingLanes, fakeMachine, type PeerLink } from "@magpie/testing"
import { z } from "zod"
import { type Client, type ClientEnvironment, connect, type Transport } from "../index.ts"
import { modelServer } from "../outbox/model-server.fixture.ts"
import type { KeptMessage } from "./kept-message.ts"
import { type PersistentOutbox, persistent } from "./persistent.ts"

export const rooms = contract({ "chat/:room": stream({ messages: { say: z.object({ text: z.string() }) } }) })

/** One page or process with its outbox, from its beginning to its end. */
export interface Life {
  readonly client: Client<typeof rooms>
  readonly outbox: PersistentOutbox
  /** Every change that the outbox told. */
  readonly changes: KeptMessage[]
  readonly errors: string[]
  /** It stops in the middle of everything; its link stays half-open. */
  kill(): void
}

/** A machine whose pages come and go, its disk, and a server that knows sessions and producers as the real one does. */
export function machineWithLives({ seed = 1, maxAgeMs = 48 * 3_600_000 }: { readonly seed?: number; readonly maxAgeMs?: number } = {}) {
  const machine = fakeMachine({ seed })
  const { clock, random } = machine
  const disk = crashingLanes(random)
  const server = modelServer()
  const holders = new Map<PeerLink, { session: string; producer: string }>()
  const user: { id: string | undefined } = { id: undefined }
  let sessions = 0

  machine.peer.onMessage = (message, link) => {
    if (message.type === "publish") server.arrive(message, link, `${user.id ?? ""}/${holders.get(link)?.producer}`)
    else if (message.type === "hello") welcome(message, link)
    else answerPolitely(message, link)
  }

  function welcome(hello: Extract<UpMessage, { type: "hello" }>, link: PeerLink): void {
    const session = hello.session ?? `session-${++sessions}`
    for (const [other, holder] of holders) if (holder.session === session) forget(other)
    const taken = [...holders.values()].some(({ producer }) => producer === hello.producer)
    const producer = hello.producer === undefined || taken ? `fresh-${sessions}-${holders.size}-${random.float()}` : hello.producer
    holders.set(link, { session, producer })
    link.welcome({ session, producer, ...(user.id !== undefined && { user: user.id }) })
  }

  /** What the link carried is lost where the server has not read it. */
  function forget(link: PeerLink): void {
    holders.delete(link)
    server.lose(link)
  }

  function begin(): Life {
    let alive = true
    const timers = new Set<Timer>()
    const environment: ClientEnvironment = {
      random,
      log() {},
      signals: { onNetwork: () => () => {}, onWake: () => () => {} },
      transport: mortal(machine.transport, () => alive),
      clock: {
        ...clock,
        setTimer(delayMs, fire) {
          const timer = clock.setTimer(delayMs, fire)
          timers.add(timer)
          if (!alive) timer.cancel()
          return timer
        },
        defer: (task) => clock.defer(() => alive && task()),
      },
    }
    const outbox = persistent({ name: "test", maxAgeMs, lanes: disk.lanes(clock) })
    const changes: KeptMessage[] = []
    const errors: string[] = []
    outbox.on("change", (change) => changes.push(change))
    const client = connect<typeof rooms>("ws://test", { environment, outbox, maxPending: 100_000 })
    client.on("error", ({ code }) => errors.push(code))
    return {
      client,
      outbox,
      changes,
      errors,
      kill() {
        alive = false
        for (const timer of timers) timer.cancel()
        disk.crash()
        machine.peer.links.at(-1)?.drop()
      },
    }
  }

  return {
    machine,
    clock,
    peer: machine.peer,
    disk,
    server,
    user,
    begin,
    /** The link breaks, on both sides. */
    cut() {
      const link = machine.peer.links.at(-1)
      if (link === undefined) return
      forget(link)
      link.close(1006)
    },
    /** The server has noticed which links are dead. */
    notice() {
      for (const link of [...holders.keys()]) if (link !== machine.peer.links.at(-1)) forget(link)
    },
    /** Somebody else has our session: the next hello gets another producer. */
    steal() {
      for (const holder of holders.values()) holder.session = "stolen"
    },
  }
}

/** Of one life: afterwards nothing passes in either direction. */
function mortal(transport: Transport, isAlive: () => boolean): Transport {
  return {
    open(url, protocols, { onOpen, onMessage, onClose }) {
      const link = transport.open(url, protocols, {
        onOpen: () => isAlive() && onOpen(),
        onMessage: (frame) => isAlive() && onMessage(frame),
        onClose: (...end) => isAlive() && onClose(...end),
      })
      return {
        bufferedBytes: 0,
        send: (frame) => isAlive() && link.send(frame),
        close: (...how) => isAlive() && link.close(...how),
      }
    },
  }
}
