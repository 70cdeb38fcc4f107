/** What the links count into. `messagesIn` and `messagesOut` are messages of the protocol, also its own. */
export interface Counters {
  messagesIn: number
  messagesOut: number
  bytesIn: number
  bytesOut: number
  roundTripMs: number | undefined
}

export function createCounters(): Counters {
  return { messagesIn: 0, messagesOut: 0, bytesIn: 0, bytesOut: 0, roundTripMs: undefined }
}
