import { MagpieError, type Published, toMagpieError, type Welcome } from "@magpie/protocol"
import type { Lanes } from "../lanes/lanes.ts"
import { openLane } from "../lanes/open-lane.ts"
import { nextLinkNumber } from "../link-number.ts"
import { type Entry, usesNumber } from "../outbox/channel-queue.ts"
import type { Keeper, OutboxHands } from "../outbox/keeper.ts"
import { randomName } from "../random-name.ts"
import { createDepartures } from "./departures.ts"
import { type KeptItem, newItem, restoredItem, stateOf, viewOf } from "./kept-item.ts"
import type { KeptMessage, SendState } from "./kept-message.ts"
import { type OutboxBook, openOutboxBook } from "./outbox-book.ts"
import { createRefusals } from "./refusals.ts"
import { MESSAGE, type OwnerRow } from "./rows.ts"

export interface OutboxKeeper extends Keeper {
  /** What has no outcome yet, in the order of the sends. */
  messages(): readonly KeptMessage[]
}

export interface OutboxKeeperOptions {
  readonly lanes: Lanes
  /** Messages of a greater age are not sent any more. */
  readonly maxAgeMs: number
  onChange(message: KeptMessage): void
}

/** How long one waits for a page that is going to let go of what it left. */
const PAUSE_MS = 250

export function createOutboxKeeper(
  { context, restore, drop }: OutboxHands,
  { lanes, maxAgeMs, onChange }: OutboxKeeperOptions,
): OutboxKeeper {
  const { clock, random, schedule, onError } = context
  let items = new Map<Entry, KeptItem>()
  /** Saves what was sent before there was a book. */
  const early: (() => void)[] = []
  const refusals = createRefusals(schedule)
  const departures = createDepartures()
  let life: "offline" | "online" | "closed" = "offline"
  let book: OutboxBook | undefined
  let owner: OwnerRow | undefined
  let link = 0
  let opening: Promise<void> | undefined
  let closing: Promise<void> | undefined

  /** The only place that changes an item's state. */
  function transition(item: KeptItem, state: SendState): void {
    item.state = state
    onChange(viewOf(item))
  }

  function isTooOld({ at }: KeptItem): boolean {
    return clock.now() - at > maxAgeMs
  }

  async function begin(): Promise<void> {
    const lane = await openLane(lanes, MESSAGE, () => new Promise((resolve) => void schedule.after(PAUSE_MS, resolve)))
    if (life === "closed") return lane.close()
    try {
      book = openOutboxBook(lane, onError, (item) => item.error ?? onChange(viewOf(item)))
    } catch (thrown) {
      await lane.close()
      throw thrown
    }
    const found = book.kept.messages.map(([place, row]) => restoredItem(place, row))
    const alive: KeptItem[] = []
    for (const item of found) {
      if (item.error === undefined && isTooOld(item)) item.error = tooOld()
      if (item.error === undefined) alive.push(item)
      else {
        transition(item, stateOf(item.error))
        book.remove(item)
      }
    }
    // With nothing to send again, the client is a new producer.
    if (alive.length === 0) book.clear()
    else takeUp(book, alive)
    for (const save of early.splice(0)) save()
  }

  /** What an earlier life left goes in front of what this one has sent meanwhile. */
  function takeUp({ kept, lastOf }: OutboxBook, alive: readonly KeptItem[]): void {
    items = new Map([...alive.map((item) => [item.entry, item] as const), ...items])
    owner = kept.owner
    link = owner?.link ?? 0
    const channels = [...new Set([...kept.numbers.keys(), ...alive.map(({ channel }) => channel)])]
    const entriesOf = (channel: string): Entry[] => alive.filter((item) => item.channel === channel).map(({ entry }) => entry)
    restore(
      channels.map((channel) => {
        const entries = entriesOf(channel)
        return { channel, last: Math.max(lastOf(channel), ...entries.map(({ sequence }) => sequence)), entries }
      }),
      owner,
    )
    for (const item of alive) onChange(viewOf(item))
  }

  function sent(item: KeptItem): void {
    if (item.state === "pending") transition(item, "sent")
  }

  /** Makes the refusal durable where the message is, so that no later life sends it; then it is told, and forgotten. */
  function refused(item: KeptItem, error: MagpieError): void {
    item.error = error
    if (item.isKept || item.writing > 0) refusals.add(item.entry, () => saveRefusal(item))
    refusals.whenKept(item.entry, (isKept) => {
      if (!isKept) return
      items.delete(item.entry)
      transition(item, stateOf(error))
      book?.remove(item)
    })
  }

  /** At once, so that it is on the disk before, or with, whatever comes of it. */
  async function saveRefusal(item: KeptItem): Promise<void> {
    try {
      await book?.save(item)
    } catch (thrown) {
      // What has not arrived at all needs no refusal.
      if (item.isKept || item.writing > 0) throw thrown
    }
  }

  async function shutDown(): Promise<void> {
    const isEmpty = items.size === 0
    refusals.close()
    await opening?.catch(() => {})
    await book?.close(isEmpty)
  }

  return {
    messages: () => [...items.values()].map(viewOf),
    async open() {
      opening ??= begin().catch((thrown) => {
        opening = undefined
        throw toMagpieError(thrown)
      })
      await opening
      link = nextLinkNumber(link, clock)
      return { link, ...(owner && { producer: owner.producer, session: owner.session }) }
    },
    take(channel, entry) {
      const item = newItem({ id: randomName(random, 8), channel, entry, at: clock.now() })
      const { reject } = entry
      entry.reject = (error) => refusals.whenKept(entry, (isKept) => reject(isKept ? error : stillKept(error)))
      items.set(entry, item)
      onChange(viewOf(item))
      if (book) return book.save(item)
      return new Promise((resolve, fail) => {
        early.push(() => (items.has(entry) ? book?.save(item).then(resolve, fail) : resolve()))
      })
    },
    online({ producer, session, user }: Welcome) {
      life = "online"
      const isOther = owner !== undefined && (owner.producer !== producer || owner.user !== user)
      // In one write with what the outbox takes out for it.
      book?.own({ producer, session, user, link }, isOther)
      // What has a number of another producer uses up none of this one's.
      if (isOther) for (const item of items.values()) item.sequence = undefined
      owner = { producer, session, user, link }
      for (const item of [...items.values()]) if (item.error === undefined && isTooOld(item)) drop(item.channel, item.entry, tooOld())
    },
    offline() {
      life = "offline"
      departures.cancel()
    },
    transmit(_channel, entry, sequence, leave, onReply: (reply: Published | MagpieError) => void) {
      const item = items.get(entry)
      if (life !== "online" || book === undefined || item === undefined) return false
      const leaveAsSent = (): boolean => {
        const hasLeft = leave()
        if (hasLeft) sent(item)
        return hasLeft
      }
      if (item.keptSequence === sequence && !book.busy) return leaveAsSent()
      item.sequence = sequence
      departures.add(item, book.save(item), leaveAsSent, onReply)
      return true
    },
    done(_channel, entry, outcome) {
      const item = items.get(entry)
      if (item === undefined || life === "closed") return
      if (outcome === undefined) return refused(item, new MagpieError("ABORTED", "its sender took the message back"))
      if (outcome instanceof MagpieError) {
        const isFree = entry.unsure ? outcome.details?.sequence === "free" : !usesNumber(outcome)
        // The next message may have its number.
        if (isFree) item.sequence = undefined
        return refused(item, outcome)
      }
      items.delete(entry)
      book?.remove(item)
      item.receipt = outcome
      transition(item, "confirmed")
    },
    close() {
      life = "closed"
      departures.cancel()
      closing ??= shutDown()
      return closing
    },
  }
}

function stillKept(cause: MagpieError): MagpieError {
  return new MagpieError("CLOSED", "the client was closed, and keeps the message", { cause })
}

function tooOld(): MagpieError {
  return new MagpieError("EXPIRED", "the message was kept for too long; what may have left is not sent a second time")
}
