import type { ApiRequest } from "../http/request.ts"

/** What is said to a request, whole. */
export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
}

/** One HTTP request and the way to answer it, whatever carries it: answered once, by `answer` or by `stream`. */
export interface Exchange extends ApiRequest {
  /** A proxy of ours brings it, and can ask another server. */
  readonly forwarded?: boolean
  /** Answers and ends. Does nothing where the other side has left. */
  answer(answered: Answered): void
  /** Begins an answer of status 200 that lasts. */
  stream(headers: Readonly<Record<string, string>>, events: AnswerEvents): AnswerStream
  /** Called at most once, where the other side leaves before it was answered. */
  onLeft(listener: () => void): void
}

/** What an answer that lasts tells its owner. After `onGone` nothing follows. */
export interface AnswerEvents {
  /** Everything that was written has been handed to the network. */
  onDrain(): void
  onGone(): void
}

export interface AnswerStream {
  /** Bytes written that the network has not taken yet. */
  readonly queuedBytes: number
  /** Writes all of them, in order, at once. */
  write(chunks: readonly Uint8Array[]): void
  /** Somebody waits for `onDrain`. */
  askForDrain(): void
  /** Nothing more is written; `onGone` follows when the network has taken everything. */
  end(): void
  /** Cuts it; `onGone` follows. */
  cut(): void
}
