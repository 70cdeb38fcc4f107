import { type Client, connect, type Transport } from "@magpie/client"
import { type PersistentOutbox, persistent } from "@magpie/client/persistent"
import type { Support } from "../contract.ts"

/** One connection, with what outlives the page on this device. */
export interface SupportClient {
  readonly client: Client<Support>
  readonly outbox: PersistentOutbox
  /** Names what is kept on this device. */
  readonly device: string
}

export interface OpenOptions {
  readonly server: string
  readonly token: string
  /** Names what is kept on this device: one for each visitor and agent. */
  readonly device: string
  readonly transport?: Transport
}

export function openSupport({ server, token, device, transport }: OpenOptions): SupportClient {
  const outbox = persistent({ name: device })
  const client = connect<Support>(server, { token, outbox, ...(transport && { transport }) })
  return { client, outbox, device }
}
