import { type Client, type ConnectOptions, connect } from "@magpie/client"
import { type PersistentOutbox, persistent } from "@magpie/client/persistent"
import type { Support } from "../contract.ts"

/** One connection, with what outlives the page on this device. */
export interface SupportClient {
  readonly client: Client<Support>
  readonly outbox: PersistentOutbox
  /** Names what is kept on this device. */
  readonly device: string
}

/** How a page may lead the connection; what it leaves out is as the client has it. */
export type Link = Pick<ConnectOptions, "transport" | "heartbeatMs">

export interface OpenOptions {
  readonly server: string
  readonly token: string
  /** Names what is kept on this device: one for each visitor and agent. */
  readonly device: string
  readonly link?: Link
}

export function openSupport({ server, token, device, link }: OpenOptions): SupportClient {
  const outbox = persistent({ name: device })
  return { client: connect<Support>(server, { token, outbox, ...link }), outbox, device }
}
