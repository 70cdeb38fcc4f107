// A few clients that ask for a sign of life all the time, and note how long it takes.
import { answer } from "../process/answer.ts"
import { quantile } from "../quantile.ts"
import { type BareLink, openBareLink } from "./bare-link.ts"

export type ProberQuestions = {
  open(given: { readonly port: number; readonly first: number; readonly count: number; readonly everyMs: number }): Promise<void>
  /** Begins to count anew. */
  restart(): void
  read(): Answered
}

/** How long answers took, in milliseconds; one that has not come yet has taken as long as it is awaited. */
export interface Answered {
  readonly pings: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

const askedAt = new Map<number, number>()
let tookMs: number[] = []
let lastId = 0

function ask(link: BareLink): void {
  askedAt.set(++lastId, performance.now())
  link.send({ type: "ping", id: lastId })
}

const questions: ProberQuestions = {
  async open({ port, first, count, everyMs }) {
    for (let number = first; number < first + count; number++) {
      const link = await openBareLink({
        port,
        number,
        onSaid({ type, id = 0 }) {
          const at = askedAt.get(id)
          if (type !== "pong" || at === undefined) return
          askedAt.delete(id)
          tookMs.push(performance.now() - at)
        },
        onLost: (why) => {
          throw new Error(`a prober's link: ${why}`)
        },
      })
      setInterval(() => ask(link), everyMs)
    }
  },
  restart() {
    tookMs = []
  },
  read() {
    const now = performance.now()
    const all = [...tookMs, ...[...askedAt.values()].map((at) => now - at)]
    return { pings: all.length, p50: quantile(all, 0.5), p99: quantile(all, 0.99), max: quantile(all, 1) }
  },
}

answer(questions)
