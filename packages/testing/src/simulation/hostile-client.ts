import type { MemoryNetwork } from "../memory-network.ts"
import { type RawConnection, rawConnection } from "../raw-connection.ts"
import type { SeededRandom } from "../seeded-random.ts"
import type { Judge } from "./judge/judge.ts"
import { Violation } from "./judge/violation.ts"
import { HOSTILE_USER as USER } from "./simulated-app.ts"
import type { SimulatedNode } from "./simulated-node.ts"
import { tokenOf } from "./simulated-token.ts"
import type { Papers } from "./traced-transport.ts"

/** Somebody with a valid token and no rights, who says whatever might hurt. Others must not notice. */
export interface HostileClient {
  readonly user: string
  move(choice: number): void
  /** Fails where it was given a message of a channel that is closed to it. */
  check(): void
  leave(): void
}

export interface HostileClientOptions {
  readonly network: MemoryNetwork
  readonly random: SeededRandom
  readonly judge: Judge
  readonly nodes: readonly SimulatedNode[]
  /** What somebody honest was given by a server, overheard. */
  overhear(): Papers
}

const FORBIDDEN = ["message", "history", "entered", "watched", "members", "presence"]
const FAR_FUTURE_MS = 9_000_000_000_000

export function createHostileClient({ network, random, judge, nodes, overhear }: HostileClientOptions): HostileClient {
  let link: RawConnection | undefined
  let request = 0

  function connected(): RawConnection {
    if (link === undefined || link.closedWith !== undefined) {
      if (link !== undefined) judge.reached(`hostile-closed-${link.closedWith?.code}`)
      link = rawConnection(network, { host: random.pick(nodes).name, address: USER })
    }
    return link
  }

  /** A link that has said nothing yet. */
  function again(): RawConnection {
    link?.close()
    link = undefined
    return connected()
  }

  const hello = (more: object = {}): object => ({
    type: "hello",
    version: 1,
    token: tokenOf({ user: USER, expiresAt: FAR_FUTURE_MS }),
    ...more,
  })
  const publish = (more: object): object => ({
    type: "publish",
    id: ++request,
    channel: "chat/a",
    name: "say",
    data: { id: "forged#1" },
    ...more,
  })

  const moves: readonly ((raw: RawConnection) => void)[] = [
    (raw) => raw.send(hello()),
    (raw) => raw.send(hello({ producer: "c0.1" }), publish({ sequence: 1 })),
    (raw) => raw.send(hello({ session: "c0" }), hello()),
    () => {
      const { producer } = overhear()
      again().send(hello({ producer }), ...Array.from({ length: 40 }, (_, last) => publish({ sequence: last + 1 })))
    },
    () => {
      const { session, producer } = overhear()
      again().send(hello({ session, producer }))
    },
    (raw) => raw.sendFrame("{"),
    (raw) => raw.sendFrame(`${"[".repeat(5_000)}${"]".repeat(5_000)}`),
    (raw) => raw.sendFrame(new Uint8Array([0xff, 0xfe, 0x00])),
    (raw) => raw.sendFrame(`{"type":"publish","id":1,"id":2,"__proto__":{"polluted":true}}`),
    (raw) => raw.send({ type: "subscribe", id: -1, channel: "chat/a" }, { type: "subscribe", id: 2 ** 60, channel: "../../etc" }),
    (raw) => raw.send({ type: "subscribe", id: ++request, channel: "chat/a", position: { epoch: "e", offset: 0 } }),
    (raw) => raw.send({ type: "history", id: ++request, channel: "chat/b", before: 1_000 }),
    (raw) => raw.send(publish({}), publish({ sequence: 5 }), publish({ sequence: 1e300 }), publish({ key: "k" })),
    (raw) => raw.send(...Array.from({ length: 300 }, () => ({ type: "ping" }))),
    (raw) => raw.send({ type: "token", id: ++request, token: tokenOf({ user: "c0", expiresAt: FAR_FUTURE_MS }) }),
    (raw) => raw.send({ type: "unsubscribe", id: ++request, channel: "short/a" }, { type: "nonsense" }, { type: 7 }),
    (raw) => raw.sendFrame("x".repeat(70_000)),
    (raw) => raw.send({ type: "enter", id: ++request, channel: "hall/a", state: { who: "c0.1", change: 99 }, link: 1e15 }),
    (raw) => raw.send({ type: "watch", id: ++request, channel: "hall/a" }, { type: "members", id: ++request, channel: "hall/a" }),
    (raw) => raw.send({ type: "leave", channel: "hall/a", member: "c0" }, { type: "watch", channel: "hall/a", epoch: "", version: -1 }),
    () => network.strand(USER),
    () => network.reset(USER),
    () => network.stallReaders(true, USER),
    () => network.stallReaders(false, USER),
    (raw) => raw.close(),
  ]

  function check(): void {
    const { of, frames } = link ?? { of: () => [], frames: [] }
    if (FORBIDDEN.some((type) => of(type).length > 0)) throw new Violation("I10", `${USER} was given ${JSON.stringify(frames.at(-1))}`)
  }

  return {
    user: USER,
    move(choice) {
      judging(check)
      const raw = connected()
      // Half of the moves come from somebody who was let in.
      if (choice % 2 === 0) raw.send(hello())
      moves[Math.floor(choice / 2) % moves.length]?.(raw)
    },
    check,
    leave() {
      network.stallReaders(false, USER)
      link?.close()
      network.reset(USER)
    },
  }

  function judging(look: () => void): void {
    try {
      look()
    } catch (failure) {
      judge.broken(failure)
    }
  }
}
