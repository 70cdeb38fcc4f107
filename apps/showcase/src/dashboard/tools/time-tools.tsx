import { Icon, useStatus, useStore } from "@magpie/frame"
import { useId } from "react"
import { SPANS_MS, type SpanMs } from "../board/view.ts"
import { useDesk } from "../desk-context.ts"
import { useDashboardLanguage } from "../language/dashboard-language.ts"
import { KEPT_MS } from "../schemas.ts"

const STEP_MS = 2_000

/** Which time is shown: as it comes, or stopped somewhere in what the server keeps. */
export function TimeTools() {
  const { words, formats } = useDashboardLanguage()
  const desk = useDesk()
  const { spanMs, stoppedAt } = useStore(desk.view)
  const newest = useStore(desk.newest)
  const status = useStatus()
  const [spanId, sliderId] = [useId(), useId()]
  const at = stoppedAt ?? newest
  const oldest = Math.min(newest - KEPT_MS, at)
  const shown = () => {
    if (newest === 0) return words.time.waiting
    if (stoppedAt !== undefined) return words.time.stopped(formats.time(stoppedAt))
    return status.state === "online" ? words.time.followed(formats.time(newest)) : words.time.lastKnown(formats.time(newest))
  }
  return (
    <fieldset className="time-tools" aria-label={words.time.label} data-stopped={stoppedAt !== undefined || undefined}>
      {stoppedAt === undefined ? (
        <button type="button" className="button" disabled={newest === 0} onClick={desk.pause}>
          <Icon name="pause" />
          <span>{words.time.pause}</span>
        </button>
      ) : (
        <button type="button" className="button primary" onClick={desk.follow}>
          <Icon name="play" />
          <span>{words.time.live}</span>
        </button>
      )}
      <output className="shown-time" data-stale={status.state !== "online" || undefined}>
        {shown()}
      </output>
      <label className="look-back" htmlFor={sliderId}>
        <span>{words.time.lookBack}</span>
        <input
          id={sliderId}
          type="range"
          min={oldest}
          max={newest}
          step={STEP_MS}
          value={at}
          disabled={newest === 0}
          aria-valuetext={shown()}
          onChange={({ target }) => desk.lookAt(newest - target.valueAsNumber < STEP_MS ? newest : target.valueAsNumber)}
        />
      </label>
      <div className="span">
        <label htmlFor={spanId}>{words.time.span}</label>
        <select id={spanId} className="select boxed" value={spanMs} onChange={({ target }) => desk.show(Number(target.value) as SpanMs)}>
          {SPANS_MS.map((each) => (
            <option key={each} value={each}>
              {words.time.minutes(each / 60_000)}
            </option>
          ))}
        </select>
      </div>
    </fieldset>
  )
}
