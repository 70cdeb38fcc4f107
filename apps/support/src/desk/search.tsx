import { useStore } from "@magpie/frame"
import { useEffect, useState } from "react"
import { useDesk, useWords } from "./desk-context.ts"
import { NOTHING_YET, type SearchView, searchLines } from "./search-lines.ts"
import { visitorName } from "./visitor-name.ts"

/** Looks through what the server has of every conversation, the newest first; what is found comes as it is found. */
export function Search({ query, onChoose }: { readonly query: string; readonly onChoose: (visitor: string) => void }) {
  const desk = useDesk()
  const words = useWords()
  const { queue } = useStore(desk.view)
  const { found, state } = useFound(query)
  const count = new Intl.NumberFormat(words.tag).format(found.length)
  const dates = new Intl.DateTimeFormat(words.tag, { dateStyle: "short", timeStyle: "short", hourCycle: "h23" })
  return (
    <section>
      <h2 role="status">{words.searched[state](count)}</h2>
      {state === "incomplete" && (
        <p className="bad" role="alert">
          {words.searchBroken}
        </p>
      )}
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

/** So long nobody has typed before the search begins. */
const PAUSE_MS = 250

function useFound(query: string): SearchView {
  const desk = useDesk()
  const [view, setView] = useState(NOTHING_YET)
  useEffect(() => {
    const stopped = new AbortController()
    function begin(): void {
      const { queue } = desk.view.get()
      const { support, olderPlaces: older, recall: onPlace } = desk
      void searchLines({ client: support.client, query, queue, older, signal: stopped.signal, onPlace, onView: setView })
    }
    setView(NOTHING_YET)
    const wait = setTimeout(begin, PAUSE_MS)
    return () => {
      clearTimeout(wait)
      stopped.abort()
    }
  }, [desk, query])
  return view
}
