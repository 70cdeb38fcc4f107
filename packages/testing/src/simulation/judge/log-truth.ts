import { readMessageId } from "./message-id.ts"
import { Violation } from "./violation.ts"

/** What each place of the log holds, learnt from whoever looked at it: all must have seen the same. */
export interface LogTruth {
  /** Somebody saw this message there. Fails where another was seen there, or this one elsewhere in the epoch. */
  saw(who: string, channel: string, place: Place, id: string): void
  offsetOf(channel: string, epoch: string, id: string): number | undefined
  /** When the message was first applied anywhere; undefined for one that nobody applied while watched. */
  appliedAt(channel: string, epoch: string, offset: number): number | undefined
  applied(channel: string, place: Place, id: string, at: number): void
  /**
   * Fails where a publisher's own order is not kept, but for those that `isFree` names. Of a branched epoch it says nothing:
   * only a log itself tells which branch it holds.
   */
  checkOrder(isFree?: (id: string) => boolean): void
  /**
   * From now on two messages may stand at one place of the epochs so far, if their marks differ, and one at two: a node that
   * has not noticed yet that the broker lost something gives offsets of the old epoch again. Of an epoch that nobody has seen
   * a message of, it must be said.
   */
  branched(epochs: readonly (readonly [channel: string, epoch: string])[]): void
  isBranched(channel: string, epoch: string): boolean
  readonly size: number
}

export interface Place {
  readonly epoch: string
  readonly offset: number
  readonly mark?: string | undefined
}

interface EpochOfChannel {
  readonly idAt: Map<number, string>
  readonly markAt: Map<number, string | undefined>
  readonly offsetOf: Map<string, number>
  readonly appliedAt: Map<number, number>
  branched: boolean
}

export function createLogTruth(): LogTruth {
  const channels = new Map<string, Map<string, EpochOfChannel>>()
  let size = 0

  function find(channel: string, epoch: string): EpochOfChannel {
    const epochs = channels.get(channel) ?? new Map<string, EpochOfChannel>()
    channels.set(channel, epochs)
    const known = epochs.get(epoch) ?? { idAt: new Map(), markAt: new Map(), offsetOf: new Map(), appliedAt: new Map(), branched: false }
    epochs.set(epoch, known)
    return known
  }

  function saw(who: string, channel: string, { epoch, offset, mark }: Place, id: string): void {
    const { idAt, markAt, offsetOf, branched } = find(channel, epoch)
    const there = idAt.get(offset)
    // Who names no mark does not say which of the branches it saw.
    if (there === id || (branched && mark === undefined)) return
    if (branched && there !== undefined && mark !== markAt.get(offset)) return
    if (there !== undefined) throw new Violation("I4", `${who} saw ${id} at ${channel} ${epoch}/${offset}, where ${there} was seen`)
    const elsewhere = branched ? undefined : offsetOf.get(id)
    if (elsewhere !== undefined)
      throw new Violation("I2", `${who} saw ${id} at ${channel} ${epoch}/${offset} and it is at ${elsewhere} too`)
    idAt.set(offset, id)
    markAt.set(offset, mark)
    offsetOf.set(id, offset)
    size++
  }

  return {
    saw,
    offsetOf: (channel, epoch, id) => find(channel, epoch).offsetOf.get(id),
    appliedAt: (channel, epoch, offset) => find(channel, epoch).appliedAt.get(offset),
    applied(channel, place, id, at) {
      saw("the log", channel, place, id)
      const { appliedAt } = find(channel, place.epoch)
      if (!appliedAt.has(place.offset)) appliedAt.set(place.offset, at)
    },
    checkOrder(isFree = () => false) {
      for (const [channel, epochs] of channels) {
        for (const [epoch, { idAt, branched }] of epochs) {
          if (!branched) checkPublishersOrder(`${channel} ${epoch}`, new Map([...idAt].filter(([, id]) => !isFree(id))))
        }
      }
    },
    branched(more) {
      for (const [channel, epoch] of more) find(channel, epoch)
      for (const epochs of channels.values()) for (const each of epochs.values()) each.branched = true
    },
    isBranched: (channel, epoch) => find(channel, epoch).branched,
    get size() {
      return size
    },
  }
}

/** Fails where a message of a publisher stands behind a later one, or twice. */
export function checkPublishersOrder(where: string, idAt: ReadonlyMap<number, string>): void {
  const last = new Map<string, number>()
  for (const [offset, id] of [...idAt].sort(([a], [b]) => a - b)) {
    const { publisher, number } = readMessageId(id)
    const before = last.get(publisher) ?? 0
    if (number <= before) throw new Violation("I4", `${where}: message ${number} of ${publisher} at ${offset} comes after its ${before}`)
    last.set(publisher, number)
  }
}
