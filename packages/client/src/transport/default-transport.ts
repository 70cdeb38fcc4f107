import { environment } from "#environment"
import type { Transport } from "./transport.ts"

/** The transport that `connect` takes by itself, for one that wraps it: to delay, to count, to cut. */
export function webSocketTransport(): Transport {
  return environment.transport
}
