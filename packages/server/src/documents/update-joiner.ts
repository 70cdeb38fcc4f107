/** Where Yjs runs: away from the thread that serves, because what it reads may come from strangers. */
export interface UpdateJoiner {
  /**
   * Joins updates of one document, in Base64, into one that says the same. Fails with TIMEOUT, DOC_REJECTED where Yjs fails on them, and
   * UNAVAILABLE where it cannot be run.
   */
  join(updates: readonly string[], timeoutMs: number): Promise<string>
  close(): Promise<void>
}
