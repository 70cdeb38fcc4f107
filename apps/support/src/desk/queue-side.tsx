import { useStore } from "@magpie/frame"
import { useState } from "react"
import type { Place } from "../queue.ts"
import { useDesk, useWords } from "./desk-context.ts"
import { Search } from "./search.tsx"
import { usePreview } from "./use-preview.ts"
import { visitorName } from "./visitor-name.ts"

interface Props {
  readonly chosen: string
  readonly onChoose: (visitor: string) => void
}

/** The queue in four parts; those who wait longest stand first. */
export function QueueSide({ chosen, onChoose }: Props) {
  const desk = useDesk()
  const words = useWords()
  const { queue, loaded, refused } = useStore(desk.view)
  const [query, setQuery] = useState("")
  const places = [...queue.values()]
  const newestFirst = (a: Place, b: Place): number => b.lastAt - a.lastAt
  const parts = {
    waiting: places.filter(({ state }) => state === "waiting").sort((a, b) => a.since - b.since),
    mine: places.filter(({ state, agent }) => state === "taken" && agent === desk.me.id).sort(newestFirst),
    others: places.filter(({ state, agent }) => state === "taken" && agent !== desk.me.id).sort(newestFirst),
    closed: places
      .filter(({ state }) => state === "closed")
      .sort(newestFirst)
      .slice(0, 50),
  }
  return (
    <nav className="side" aria-label={words.title}>
      <input
        type="search"
        className="input"
        value={query}
        placeholder={words.search}
        aria-label={words.search}
        onChange={(event) => setQuery(event.target.value)}
      />
      {refused && (
        <p className="bad" role="alert">
          {words.unreadable}
        </p>
      )}
      {query.trim() !== "" ? (
        <Search query={query.trim()} onChoose={onChoose} />
      ) : (
        (["waiting", "mine", "others", "closed"] as const).map((part) => (
          <section key={part} hidden={parts[part].length === 0 && words.empty[part] === ""}>
            <h2>
              {words.lists[part]} {parts[part].length > 0 && <span className="count">{parts[part].length}</span>}
            </h2>
            {loaded && parts[part].length === 0 && <p className="quiet-text">{words.empty[part]}</p>}
            <ul>
              {parts[part].map((place) => (
                <li key={place.visitor}>
                  <PlaceRow place={place} chosen={place.visitor === chosen} onChoose={onChoose} />
                </li>
              ))}
            </ul>
          </section>
        ))
      )}
    </nav>
  )
}

function PlaceRow({
  place,
  chosen,
  onChoose,
}: {
  readonly place: Place
  readonly chosen: boolean
  readonly onChoose: (visitor: string) => void
}) {
  const words = useWords()
  const desk = useDesk()
  const time = new Intl.DateTimeFormat(words.tag, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
  const open = place.state !== "closed" && place.unanswered > 0
  const preview = usePreview(place.visitor)
  return (
    <button type="button" className="place" aria-current={chosen} onClick={() => onChoose(place.visitor)}>
      <span className="place-name">{visitorName(place, words.nobody)}</span>
      <time className="place-time">{time.format(place.lastAt)}</time>
      <span className="place-preview">{preview}</span>
      {open && <span className="unanswered">{place.unanswered}</span>}
      {place.state === "taken" && place.agent !== desk.me.id && <span className="place-agent">{desk.nameOf(place.agent)}</span>}
    </button>
  )
}
