/** What is written at once: a value under each key, or undefined, which deletes it. Values are what JSON can say. */
export type Changes = ReadonlyMap<string, unknown>

/** A place of rows that one client holds. */
export interface Lane {
  /** As they were when it was opened. */
  readonly rows: Changes
  /**
   * Durable when it resolves, a crash of the machine included: all of it or nothing, in the order of calls. Fails with
   * LIMIT_EXCEEDED where there is no room, then nothing was written and the next call may succeed; and with INTERNAL.
   */
  write(changes: Changes): Promise<void>
  /** Frees the place for others. What is being written is finished first. */
  close(): Promise<void>
}

/**
 * Lanes beside each other under one name, so that clients that live at the same time, as tabs do, never share one. A lane is
 * free again when its holder is gone, in whatever way that went.
 */
export interface Lanes {
  /** Those with a row whose key begins so, lowest first, held or not. */
  list(keys: string): Promise<readonly number[]>
  /** Undefined where another holds it. */
  open(lane: number): Promise<Lane | undefined>
}
