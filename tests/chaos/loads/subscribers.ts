// Tens of thousands of subscribers of one channel in one process.
import { answer } from "../process/answer.ts"
import { isWhole, type Word } from "../word.ts"
import { openBareLink, type Said } from "./bare-link.ts"

export type SubscribersQuestions = {
  /** `first`: the number of the first one, over all processes. */
  open(given: { readonly port: number; readonly channel: string; readonly first: number; readonly count: number }): Promise<void>
  heard(): Heard
}

export interface Heard {
  readonly deliveries: number
  /** How many have heard everything up to this offset. */
  readonly reached: readonly (readonly [offset: number, subscribers: number])[]
  /** When the last of these messages arrived, in milliseconds after the server had stamped it, by offset. */
  readonly lastMs: readonly (readonly [offset: number, ms: number])[]
  /** What was no message, or not the next one, and links that ended. */
  readonly wrong: readonly string[]
}

const AT_ONCE = 50
const EXAMPLES = 5

const reached = new Map<number, number>()
const lastMs = new Map<number, number>()
const wrong: string[] = []
let deliveries = 0

function complain(what: string): void {
  if (wrong.length < EXAMPLES) wrong.push(what)
}

async function join(port: number, channel: string, number: number): Promise<void> {
  let at = 0
  let subscribed = (): void => {}
  function hear({ type, offset = 0, at: stampedAt = 0, data }: Said): void {
    if (type === "subscribed") return subscribed()
    if (type !== "message") return
    deliveries++
    if (offset !== at + 1 || !isWhole(data as Word)) complain(`subscriber ${number} heard ${offset} after ${at}`)
    at = offset
    reached.set(offset, (reached.get(offset) ?? 0) + 1)
    lastMs.set(offset, Math.max(lastMs.get(offset) ?? 0, Date.now() - stampedAt))
  }
  const link = await openBareLink({ port, number, onSaid: hear, onLost: (why) => complain(`subscriber ${number}: ${why}`) })
  const answered = new Promise<void>((resolve) => {
    subscribed = resolve
  })
  link.send({ type: "subscribe", id: 1, channel })
  await answered
}

const questions: SubscribersQuestions = {
  async open({ port, channel, first, count }) {
    let next = first
    async function joinSome(): Promise<void> {
      while (next < first + count) await join(port, channel, next++)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, joinSome))
  },
  heard: () => ({ deliveries, reached: [...reached], lastMs: [...lastMs], wrong }),
}

answer(questions)
