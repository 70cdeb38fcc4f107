import type { WordId } from "../word.ts"

/** The publisher that is the server itself. */
export const SERVER = 0

/** Clients talk here, and everybody hears it. */
export const UP = "talk/up"
/** The server talks here. */
export const DOWN = "talk/down"

/** One of many rooms in which the server talks in turn. */
export function roomOf(number: number): `talk/${string}` {
  return `talk/room-${number}`
}

/** What any server of a chat can be asked, whoever made it. */
export type ChatQuestions = {
  listen(): Promise<Opened>
  /** Begins to talk to everybody, its words counted from `from`. */
  speak(given: { readonly from: number; readonly perSecond: number }): void
  hush(): void
}

export interface Opened {
  readonly port: number
  /** From the first look at the storage to the open port. */
  readonly openedMs: number
}

/** What a chat server tells by itself. */
export type ChatNote =
  /** Its own word is on its way as safely as this server can say. */
  | { readonly spoke: WordId }
  /** It handled a client's word; only told where nothing is stored that could be asked later. */
  | { readonly handled: WordId }

/** Says words, counted from a number on: evenly so many a second, or at once. */
export interface Speaker {
  speak(given: { readonly from: number; readonly perSecond: number }): void
  hush(): void
  /** The next so many, now. */
  burst(count: number): void
}

export function createSpeaker(say: (n: number) => void): Speaker {
  let next = 1
  let timer: NodeJS.Timeout | undefined
  const burst = (count: number): void => {
    for (let said = 0; said < count; said++) say(next++)
  }
  return {
    speak({ from, perSecond }) {
      next = from
      const started = performance.now()
      let said = 0
      timer = setInterval(() => {
        // A turn that comes late says several.
        const due = Math.floor(((performance.now() - started) * perSecond) / 1_000)
        burst(due - said)
        said = due
      }, 1_000 / perSecond)
    },
    hush: () => clearInterval(timer),
    burst,
  }
}
