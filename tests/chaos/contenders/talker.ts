import type { Word } from "../word.ts"

/** One client of a chat, through whatever happens to its link. */
export interface Talker {
  /** Connected, and told everything from now on. */
  readonly ready: Promise<void>
  /** Nothing of what it said waits any more. */
  readonly settled: boolean
  say(word: Word): void
  close(): Promise<void>
}

export interface TalkerEvents {
  onHeard(channel: string, word: Word): void
  /** The sender need not worry about this word any more. */
  onAccepted(word: Word): void
  /** The word was refused for good. */
  onRefused(why: unknown): void
  /** The client itself said that something is missing. */
  onGap(): void
}

export interface TalkerOptions {
  readonly port: number
  readonly user: string
  readonly events: TalkerEvents
}
