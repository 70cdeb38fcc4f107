import type { Transport } from "../transport/transport.ts"

/** A transport that is told apart from others by its name. */
export interface NamedTransport extends Transport {
  readonly name: string
}
