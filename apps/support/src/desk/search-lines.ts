import type { Client } from "@magpie/client"
import type { Support } from "../contract.ts"
import type { Line } from "../conversation/lines.ts"
import { readAllLines } from "../conversation/transcript.ts"
import type { Place, Queue } from "../queue.ts"

export interface Found {
  readonly visitor: string
  readonly line: Line
}

/**
 * `looking`: more may come. `over`: there is no more. `full`: more is not looked for. `incomplete`: not everything could be read.
 */
export interface SearchView {
  readonly found: readonly Found[]
  readonly state: "looking" | "over" | "full" | "incomplete"
}

export const NOTHING_YET: SearchView = { found: [], state: "looking" }

export interface SearchOptions {
  readonly client: Client<Support>
  readonly query: string
  readonly queue: Queue
  /** Conversations that the queue does not have any more. */
  readonly older: () => AsyncIterable<Place>
  readonly signal: AbortSignal
  /** Hears of each conversation in which something was found. */
  readonly onPlace: (place: Place) => void
  readonly onView: (view: SearchView) => void
}

const MOST = 100

/**
 * Looks through what the server has of every conversation, the newest first; what is found comes as it is found. It reads as fast
 * as the server allows. After the signal nothing is told any more.
 */
export async function searchLines({ client, query, queue, older, signal, onPlace, onView }: SearchOptions): Promise<void> {
  const wanted = query.toLocaleLowerCase()
  let found: readonly Found[] = []
  const tell = (state: SearchView["state"]): void => void (signal.aborted || onView({ found: found.slice(0, MOST), state }))

  async function look(place: Place): Promise<void> {
    const { visitor } = place
    const lines = await readAllLines(client, visitor, { side: "agent", signal })
    const here = lines.filter(({ kind, text }) => (kind === "say" || kind === "file") && text.toLocaleLowerCase().includes(wanted))
    if (here.length === 0 || signal.aborted) return
    found = [...found, ...here.reverse().map((line) => ({ visitor, line }))]
    onPlace(place)
    tell("looking")
  }

  async function* places(): AsyncGenerator<Place> {
    yield* [...queue.values()].sort((a, b) => b.lastAt - a.lastAt)
    yield* older()
  }

  try {
    for await (const place of places()) {
      await look(place)
      if (signal.aborted || found.length > MOST) break
    }
    tell(found.length > MOST ? "full" : "over")
  } catch {
    tell("incomplete")
  }
}
