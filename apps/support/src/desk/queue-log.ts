import type { Client } from "@magpie/client"
import { type MagpieError, type Position, toMagpieError } from "@magpie/protocol"
import type { Support } from "../contract.ts"
import { pagesFrom } from "../conversation/pages.ts"
import { SUM_EVERY } from "../limits.ts"
import { addUp, EMPTY_QUEUE, foldQueue, type Place, placeOfOld, placesOfSum, type Queue, type QueueEntry } from "../queue.ts"

const PAGE_LENGTH = 500
/** How long it waits before it reads again what could not be read. */
const READ_AGAIN_MS = 2_000

export interface QueueLogOptions {
  readonly client: Client<Support>
  /** The agent who follows it. */
  readonly me: string
  onQueue(queue: Queue): void
  onLoading(): void
  onAsked(place: Place): void
  /** It may not be read, and is not read again. */
  onRefused(error: MagpieError): void
}

/**
 * The queue as its log has it. Read from the newest sum on; whoever's entry makes the log long without one sums it up, so that
 * the next desk reads little.
 */
export function followQueue({ client, me, onQueue, onLoading, onAsked, onRefused }: QueueLogOptions) {
  const channel = client.channel("support/queue")
  let queue: Queue = EMPTY_QUEUE
  let isLoaded = false
  let reads = 0
  let isFollowing = false
  /** How many entries lie behind the newest sum. */
  let sinceSum = 0
  /** Entries that came while the log was being read. */
  const early: QueueEntry[] = []

  function hear(message: QueueEntry): void {
    if (!isLoaded) return void early.push(message)
    queue = foldQueue(queue, [message])
    sinceSum = message.name === "sums" ? 0 : sinceSum + 1
    onQueue(queue)
    if (message.from === me && sinceSum >= SUM_EVERY) sum(Number(message.offset))
    const place = message.name === "asks" ? queue.get(message.data.visitor) : undefined
    if (place !== undefined) onAsked(place)
  }

  function sum(upTo: number): void {
    const epoch = channel.subscription.position?.epoch
    const places = placesOfSum(queue)
    if (places === undefined || epoch === undefined) return
    sinceSum = 0
    channel.send("sums", { epoch, upTo, places: places.map(withoutUndefined) }).catch(() => {})
  }

  /** The entries from the newest sum on, and the position up to which they are all. */
  async function readBack(): Promise<{ readonly entries: readonly QueueEntry[]; readonly found: Queue; readonly position: Position }> {
    let entries: readonly QueueEntry[] = []
    let position: Position | undefined
    for await (const page of pagesFrom(() => channel.history({ limit: PAGE_LENGTH }))) {
      position ??= page.position
      entries = [...(page.messages as readonly QueueEntry[]), ...entries]
      const found = addUp({ epoch: position.epoch, entries, isWhole: !page.more })
      if (found !== undefined) return { entries, found, position }
    }
    throw new Error("a log has a first page")
  }

  async function read(): Promise<void> {
    const run = ++reads
    early.length = 0
    isLoaded = false
    onLoading()
    const { entries, found, position } = await readBack()
    if (run !== reads) return
    queue = found
    sinceSum = entries.length - 1 - entries.findLastIndex(({ name }) => name === "sums")
    isLoaded = true
    const late = early.splice(0).filter(({ offset }) => Number(offset) > position.offset)
    onQueue(queue)
    for (const each of late) hear(each)
    if (isFollowing) return
    isFollowing = true
    // From that position on every entry comes, or a gap says that the log must be read anew.
    const subscribed = channel.subscribe({ position })
    channel.onAny((message) => hear(message as QueueEntry))
    await subscribed
  }

  function begin(): void {
    read().catch((thrown) => {
      const error = toMagpieError(thrown)
      if (!error.retryable) onRefused(error)
      else setTimeout(begin, error.retryAfterMs ?? READ_AGAIN_MS)
    })
  }

  channel.subscription.on("gap", begin)
  begin()

  return {
    channel,
    /** Conversations that were closed so long ago that the newest sum does not have them, the newest first. */
    async *older(): AsyncGenerator<Place> {
      const seen = new Set(queue.keys())
      for await (const { messages } of pagesFrom(() => channel.history({ limit: PAGE_LENGTH }))) {
        for (const entry of (messages as readonly QueueEntry[]).toReversed()) {
          if (entry.name !== "asks" || seen.has(entry.data.visitor)) continue
          seen.add(entry.data.visitor)
          yield placeOfOld(entry)
        }
      }
    },
    /** Puts one of them into the queue as it is shown here. */
    recall(place: Place): void {
      if (queue.has(place.visitor)) return
      queue = new Map(queue).set(place.visitor, place)
      onQueue(queue)
    },
  }
}

const withoutUndefined = ({ agent, handed, ...place }: Place) => ({
  ...place,
  ...(agent === undefined ? undefined : { agent }),
  ...(handed === undefined ? undefined : { handed }),
})
