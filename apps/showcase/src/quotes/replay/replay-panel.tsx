import { Icon, useStatus, useStore } from "@magpie/frame"
import { useId } from "react"
import { useDesk } from "../desk-context.ts"
import { useQuoteLanguage } from "../language/quote-language.ts"
import type { Replay, Wanted } from "../schemas.ts"

const DAYS_MS: readonly Wanted["dayMs"][] = [60_000, 20_000, 5_000, 1_000]
const LOADS: readonly Wanted["updatesPerSecond"][] = [1, 5, 10, 50]

/** How fast the server replays, for everybody: a row that every visitor may write. */
export function ReplayPanel() {
  const { words, formats, quoteFormats } = useQuoteLanguage()
  const { replay } = useDesk()
  const wish = useStore(replay.wish)
  const place = useStore(replay.place)
  const failure = useStore(replay.failure)
  const isOnline = useStatus().state === "online"
  const { replay: said } = words
  const placeWords = ({ writtenPerSecond }: Replay, { playing }: Wanted) =>
    playing ? said.written(formats.number(writtenPerSecond)) : said.paused
  return (
    <section className="panel" aria-label={said.title}>
      <h3>
        {said.title} <span>{said.about}</span>
      </h3>
      <Choice
        label={said.speed}
        value={wish.dayMs}
        options={DAYS_MS.map((dayMs) => [dayMs, formats.seconds(dayMs / 1_000)])}
        onChoose={(dayMs) => replay.choose({ dayMs })}
        disabled={!isOnline}
      />
      <Choice
        label={said.load}
        value={wish.updatesPerSecond}
        options={LOADS.map((load) => [load, said.loadOf(load)])}
        onChoose={(updatesPerSecond) => replay.choose({ updatesPerSecond })}
        disabled={!isOnline}
      />
      <div className="replay-place">
        <button type="button" className="button" disabled={!isOnline} onClick={() => replay.choose({ playing: !wish.playing })}>
          <Icon name={wish.playing ? "pause" : "play"} />
          {wish.playing ? said.pause : said.resume}
        </button>
        <p>
          <strong>{place === undefined ? "–" : quoteFormats.date(place.date)}</strong>
          <span>{isOnline && place !== undefined ? placeWords(place, wish) : said.unknown}</span>
        </p>
      </div>
      {failure === "refused" && (
        <p className="field-error" role="alert">
          {said.refused}
        </p>
      )}
    </section>
  )
}

interface ChoiceProps<Value extends number> {
  readonly label: string
  readonly value: Value
  readonly options: readonly (readonly [Value, string])[]
  readonly onChoose: (value: Value) => void
  readonly disabled: boolean
}

function Choice<Value extends number>({ label, value, options, onChoose, disabled }: ChoiceProps<Value>) {
  const id = useId()
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select
        id={id}
        className="select boxed"
        value={value}
        disabled={disabled}
        onChange={(event) => {
          const chosen = options.find(([each]) => each === Number(event.target.value))
          if (chosen !== undefined) onChoose(chosen[0])
        }}
      >
        {options.map(([each, name]) => (
          <option key={each} value={each}>
            {name}
          </option>
        ))}
      </select>
    </div>
  )
}
