import type { Env } from "@magpie/protocol"
import type { Transport } from "../transport/transport.ts"

/** What a client may notice of the machine that it runs on. Each returns its disposer. */
export interface Signals {
  /** The network came (`true`) or went. */
  onNetwork(listener: (online: boolean) => void): () => void
  /** The page became visible, or the machine seems to have woken up. */
  onWake(listener: () => void): () => void
}

/** The client's door to the world: time and randomness, the default transport, the machine's signals. */
export interface ClientEnvironment extends Env {
  readonly transport: Transport
  readonly signals: Signals
}
