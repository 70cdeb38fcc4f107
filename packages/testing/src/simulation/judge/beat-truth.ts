import { readMessageId } from "./message-id.ts"
import { Violation } from "./violation.ts"

/** What must be true of a broadcast: it was sent by that user, and nobody hears one twice or behind a later one of its sender. */
export interface BeatTruth {
  sent(id: string, user: string, at: number): void
  /** Returns who sent it, as a life of a client, and when. */
  heard(publisher: string, id: string, from: string | undefined): { readonly life: string; readonly at: number }
}

export function createBeatTruth(): BeatTruth {
  const sent = new Map<string, { readonly user: string; readonly at: number }>()
  /** By who hears: the newest number of each sender. */
  const heard = new Map<string, Map<string, number>>()

  return {
    sent: (id, user, at) => void sent.set(id, { user, at }),
    heard(publisher, id, from) {
      const beat = sent.get(id)
      if (beat === undefined || beat.user !== from) throw new Violation("I3", `${publisher} heard the beat ${id} from ${from}`)
      const { publisher: life, number } = readMessageId(id)
      const last = heard.get(publisher) ?? new Map<string, number>()
      heard.set(publisher, last)
      const before = last.get(life) ?? 0
      if (number <= before) throw new Violation("I2", `${publisher} heard the beat ${id} after number ${before}`)
      last.set(life, number)
      return { life, at: beat.at }
    },
  }
}
