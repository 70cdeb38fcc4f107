/** The longest message that every bus carries. */
export const MAX_BUS_MESSAGE_BYTES = 131_072

/**
 * What nodes tell each other beside the log: at most once, in no promised order, and nothing is kept. For what repairs itself
 * when it is lost, as presence does, or is not worth repairing. Several servers of one cluster share it; others never hear it.
 */
export interface Bus {
  /**
   * Hands a message of at most `MAX_BUS_MESSAGE_BYTES` to whoever subscribes to exactly that subject now. Never fails: what cannot be sent is
   * lost. Whether it comes back to its own sender is open. The bytes belong to the bus from here on.
   */
  publish(subject: string, message: Uint8Array): void
  /** Subjects are any text of at most 300 bytes without control characters. Returns its disposer. */
  subscribe(subject: string, listener: (message: Uint8Array) => void): () => void
  /** After it nothing is heard or sent. Idempotent. */
  close(): Promise<void>
}
