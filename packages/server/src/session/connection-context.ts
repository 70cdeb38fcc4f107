import type { Limits, Log, ServerCodec } from "@magpie/protocol"
import type { QueueBudget } from "../flow/queue-budget.ts"
import type { TimingWheel } from "../flow/timing-wheel.ts"
import type { Turn } from "../flow/turn.ts"
import type { Counters } from "../metrics/counters.ts"
import type { LinkRequest } from "../transports/socket.ts"
import type { Connection } from "./connection.ts"

/** What every connection of a server shares. */
export interface ConnectionContext {
  readonly limits: Limits
  /** What a link speaks: JSON where it named nothing that the server knows. */
  readonly codecOf: (request: LinkRequest) => ServerCodec
  readonly turn: Turn
  readonly wheel: TimingWheel
  readonly budget: QueueBudget
  readonly counters: Counters
  readonly log: Log
  readonly monotonic: () => number
  readonly defer: (task: () => void) => void
  readonly now: () => number
  readonly heartbeatMs: number
  readonly pongTimeoutMs: number
  readonly tokenGraceMs: number
  /** Decides about one decoded value; answers on the connection. */
  readonly handle: (connection: Connection, value: unknown) => void | Promise<void>
  readonly onClosed: (connection: Connection) => void
}
