/** An input that once broke a promise. */
export interface Found {
  readonly what: string
  readonly target: string
  readonly input: string
}

/** Inputs that mutation found, shrunk. They are fed again with every run. */
export const FOUND: readonly Found[] = [
  {
    what: "a close's hint beyond 2^53, which was read as a number that cannot be written again",
    target: "close-reason",
    input: ";retryAfterMs=9999999999999999",
  },
  {
    what: "a pong whose position is no number, which threw in a timer of the client",
    target: "client-session",
    input: '{"type":"pong","ahead":{"chat/lobby":{"epoch":"e1","offset":{"toString":1}}}}',
  },
  {
    what: "a frame of empty lines, each of which was refused at the price of two errors",
    target: "server-frame",
    input: "\n".repeat(1_023),
  },
]
