import type { MagpieError } from "@magpie/protocol"
import { EXPLAINED_OF_WRITES } from "./explained.ts"
import { readMessageId } from "./message-id.ts"
import { Violation } from "./violation.ts"

/** A message as somebody has it on a screen. */
interface ShownNote {
  readonly offset: number | undefined
  readonly mark: string | undefined
  readonly changed?: { readonly version: number } | undefined
}

/** A message that grows, as a log holds it. */
export interface GrownNote {
  readonly offset: number
  readonly text: string
}

/** What must be true of messages that change [I26]. */
export interface NoteTruth {
  /** A client shows these now. Fails where one of them was shown in a newer state before. */
  shown(publisher: string, epoch: string | undefined, messages: readonly ShownNote[]): void
  appending(token: string, note: number): void
  appended(token: string, epoch: string): void
  failed(publisher: string, error: MagpieError): void
  /** Whatever was appended is there once, in its publisher's order, and all that was acknowledged where the message still is. */
  check(node: string, epoch: string, grown: readonly GrownNote[]): void
  /** Whoever reads on is told once what became of a message, and not of the changes that a later one took over. */
  checkTold(node: string, changed: readonly number[]): void
}

export interface NoteTruthOptions {
  reached(what: string): void
  broken(failure: unknown): void
  /** Whether something of the log may have been lost. */
  readonly lost: () => boolean
}

export function createNoteTruth({ reached, broken, lost }: NoteTruthOptions): NoteTruth {
  /** By publisher, epoch and message: the newest version that was shown. */
  const versions = new Map<string, number>()
  const tokens = new Map<string, { readonly note: number; acknowledged: string | undefined }>()

  function checkTokens(node: string, { offset, text }: GrownNote): void {
    const last = new Map<string, number>()
    for (const token of text.split(" ").filter((each) => each !== "")) {
      if (!tokens.has(token)) throw new Violation("I3", `${node} holds ${token} in note ${offset}, which nobody appended`)
      const { publisher, number } = readMessageId(token)
      const before = last.get(publisher) ?? 0
      if (number === before) throw new Violation("I26", `${node} holds ${token} twice in note ${offset}`)
      if (number < before && !lost()) throw new Violation("I26", `${node} holds ${token} behind number ${before} in note ${offset}`)
      last.set(publisher, number)
    }
  }

  return {
    shown(publisher, epoch, messages) {
      for (const { offset = 0, mark, changed } of messages) {
        const key = `${publisher} ${epoch} ${offset} ${mark}`
        const version = changed?.version ?? offset
        if (version < (versions.get(key) ?? 0) && !lost())
          broken(new Violation("I26", `${publisher} showed note ${offset} at ${version}, and before at ${versions.get(key)}`))
        if (changed !== undefined) reached("note-changed")
        versions.set(key, version)
      }
    },
    appending: (token, note) => void tokens.set(token, { note, acknowledged: undefined }),
    appended(token, epoch) {
      const known = tokens.get(token)
      if (known === undefined) return
      known.acknowledged = epoch
      reached("note-appended")
    },
    failed(publisher, error) {
      reached(`note-${error.code}`)
      if (!EXPLAINED_OF_WRITES.includes(error.code)) broken(new Violation("I21", `${publisher} met ${error.code}: ${error.reason}`))
    },
    check(node, epoch, grown) {
      for (const note of grown) checkTokens(node, note)
      if (lost()) return
      const texts = new Map(grown.map(({ offset, text }) => [offset, text.split(" ")]))
      for (const [token, { acknowledged, note }] of tokens) {
        if (acknowledged !== epoch || texts.get(note)?.includes(token) !== false) continue
        throw new Violation("I26", `${token} was acknowledged and ${node} does not hold it in note ${note}`)
      }
    },
    checkTold(node, changed) {
      const twice = changed.find((offset, index) => changed.indexOf(offset) < index)
      if (twice !== undefined) throw new Violation("I26", `${node} tells twice what became of note ${twice}`)
    },
  }
}
