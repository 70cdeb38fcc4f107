import { STREAMS } from "../simulated-app.ts"
import { AT_ONCE, type FaultRow, NOTHING_TO_UNDO } from "./fault-row.ts"

/** What happens between one server and the broker that it shares with others, and on the bus between servers. */
export const BROKER_FAULTS = {
  "broker-cut": {
    on: "node",
    cluster: true,
    weight: 2,
    forMs: [100, 6_000],
    waits: true,
    strike({ broker, nodes }, { target, struck }) {
      const name = nodes[target]?.name ?? ""
      broker.model?.cut(name, struck)
      return () => broker.model?.heal(name)
    },
  },
  "broker-refuses": {
    on: "node",
    cluster: true,
    weight: 1,
    forMs: [100, 3_000],
    waits: true,
    strike({ broker, nodes }, { target, struck }) {
      const name = nodes[target]?.name ?? ""
      broker.model?.refuseAppends(name, true, struck)
      return () => broker.model?.refuseAppends(name, false)
    },
  },
  "lost-acks": {
    on: "node",
    cluster: true,
    weight: 2,
    forMs: AT_ONCE,
    waits: true,
    strike({ broker, nodes }, { target, amount, struck }) {
      broker.model?.loseAcks(nodes[target]?.name ?? "", 1 + Math.floor(amount * 4), { struck })
      return NOTHING_TO_UNDO
    },
  },
  "late-appends": {
    on: "node",
    cluster: true,
    weight: 2,
    forMs: AT_ONCE,
    waits: true,
    strike({ broker, nodes }, { target, amount, struck }) {
      broker.model?.landLate(nodes[target]?.name ?? "", 1 + Math.floor(amount * 3), 100 + amount * 5_000, { struck })
      return NOTHING_TO_UNDO
    },
  },
  "doubled-appends": {
    on: "node",
    cluster: true,
    weight: 2,
    forMs: AT_ONCE,
    waits: true,
    strike({ broker, nodes }, { target, amount, struck }) {
      broker.model?.doubleAppends(nodes[target]?.name ?? "", 1 + Math.floor(amount * 4), { struck })
      return NOTHING_TO_UNDO
    },
  },
  redelivery: {
    on: "node",
    cluster: true,
    weight: 2,
    forMs: AT_ONCE,
    strike({ broker, nodes }, { target, amount }) {
      const repeated = broker.model?.redeliver(nodes[target]?.name ?? "", 1 + Math.floor(amount * 20))
      return repeated ? NOTHING_TO_UNDO : undefined
    },
  },
  "slow-tail": {
    on: "node",
    cluster: true,
    weight: 2,
    forMs: [200, 6_000],
    waits: true,
    strike({ broker, nodes }, { target, amount, struck }) {
      const name = nodes[target]?.name ?? ""
      broker.model?.slowTail(name, 50 + amount * 2_000, struck)
      return () => broker.model?.slowTail(name, 0)
    },
  },
  "broker-restart": {
    on: "node",
    cluster: true,
    weight: 1,
    forMs: AT_ONCE,
    strike({ broker }) {
      broker.model?.restart()
      return NOTHING_TO_UNDO
    },
  },
  "broker-rollback": {
    on: "node",
    cluster: true,
    weight: 1,
    forMs: AT_ONCE,
    strike({ broker, judge }, { amount }) {
      // Also those that no node has applied yet.
      const epochs = STREAMS.flatMap((channel) => broker.epochsOf(channel).map((epoch) => [channel, epoch] as const))
      const gone = broker.model?.restart({ lose: 1 + Math.floor(amount * 5) })
      judge.rolledBack(epochs)
      return gone ? NOTHING_TO_UNDO : undefined
    },
  },
  "bus-cut": {
    on: "node",
    cluster: true,
    weight: 2,
    forMs: [200, 15_000],
    waits: true,
    strike({ bus, nodes, judge, scheduler }, { target, amount, forMs, struck }) {
      const name = nodes[target]?.name ?? ""
      // From everybody, or from one other node only.
      const other = amount < 0.5 ? undefined : nodes[(target + 1) % nodes.length]?.name
      bus.cut(name, other, struck)
      judge.presence.disturbed(scheduler.monotonicMs + forMs)
      return () => bus.heal(name, other)
    },
  },
  "bus-loss": {
    on: "node",
    cluster: true,
    weight: 2,
    forMs: [500, 6_000],
    waits: true,
    strike({ bus, judge, scheduler }, { amount, forMs, struck }) {
      bus.lose(0.1 + amount * 0.6, struck)
      judge.presence.disturbed(scheduler.monotonicMs + forMs)
      return () => bus.lose(0)
    },
  },
} as const satisfies Record<string, FaultRow>
