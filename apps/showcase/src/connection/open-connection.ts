import { type Client, connect, type Transport } from "@magpie/client"
import { showcase } from "../contract.ts"

export type ShowcaseClient = Client<typeof showcase>

/** One connection for the whole page. It heals itself; nothing else here does anything about lost links. */
export function openConnection(transport: Transport): ShowcaseClient {
  return connect(location.origin.replace(/^http/, "ws"), {
    contract: showcase,
    transport,
    // Asks sooner than needed, so that the round trip on screen is a fresh one.
    heartbeatMs: 2_000,
  })
}
