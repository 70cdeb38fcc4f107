import { useStore } from "@magpie/frame"
import { useEffect, useState } from "react"
import type { Line } from "../conversation/lines.ts"
import { readAllLines } from "../conversation/transcript.ts"
import type { Place } from "../queue.ts"
import { useDesk, useWords } from "./desk-context.ts"
import { visitorName } from "./visitor-name.ts"

interface Found {
  readonly visitor: string
  readonly line: Line
}

/** Looks through what the server has of every conversation, the newest first; what is found comes as it is found. */
export function Search({ query, onChoose }: { readonly query: string; readonly onChoose: (visitor: string) => void }) {
  const desk = useDesk()
  const words = useWords()
  const { queue } = useStore(desk.view)
  const { found, over } = useFound(query)
  const dates = new Intl.DateTimeFormat(words.tag, { dateStyle: "short", timeStyle: "short", hourCycle: "h23" })
  return (
    <section>
      <h2 role="status">{over ? words.found(new Intl.NumberFormat(words.tag).format(found.length)) : words.searching}</h2>
      <ul>
        {found.map(({ visitor, line }) => (
          <li key={`${visitor} ${line.key}`}>
            <button type="button" className="place" onClick={() => onChoose(visitor)}>
              <span className="place-name">{visitorName(queue.get(visitor) ?? { name: "", visitor }, words.nobody)}</span>
              <time className="place-time">{dates.format(line.at)}</time>
              <span className="place-preview">{line.text}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

const MOST = 100
/** So long nobody has typed before the search begins. */
const PAUSE_MS = 250

function useFound(query: string): { readonly found: readonly Found[]; readonly over: boolean } {
  const desk = useDesk()
  const [state, setState] = useState<{ readonly found: readonly Found[]; readonly over: boolean }>({ found: [], over: false })
  useEffect(() => {
    let stopped = false
    const wanted = query.toLocaleLowerCase()
    let found: readonly Found[] = []
    async function look(place: Place): Promise<boolean> {
      const { visitor } = place
      const lines = await readAllLines(desk.support.client, visitor, "agent")
      if (stopped) return false
      const here = lines.filter(({ kind, text }) => (kind === "say" || kind === "file") && text.toLocaleLowerCase().includes(wanted))
      if (here.length > 0) desk.recall(place)
      found = [...found, ...here.reverse().map((line) => ({ visitor, line }))].slice(0, MOST)
      setState({ found, over: false })
      return found.length < MOST
    }
    async function run(): Promise<void> {
      const places = [...desk.view.get().queue.values()].sort((a, b) => b.lastAt - a.lastAt)
      for (const place of places) if (!(await look(place))) break
      if (!stopped && found.length < MOST) for await (const place of desk.olderPlaces()) if (!(await look(place))) break
      if (!stopped) setState({ found, over: true })
    }
    setState({ found: [], over: false })
    // What was found stays when the link breaks in the middle of a page that is refused.
    const begin = setTimeout(() => void run().catch(() => setState((now) => ({ ...now, over: true }))), PAUSE_MS)
    return () => {
      clearTimeout(begin)
      stopped = true
    }
  }, [desk, query])
  return state
}
