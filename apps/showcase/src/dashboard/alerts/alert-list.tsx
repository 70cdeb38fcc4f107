import { Icon, useStore } from "@magpie/frame"
import { useDesk } from "../desk-context.ts"
import { useDashboardLanguage } from "../language/dashboard-language.ts"
import { PANELS } from "../panels.ts"
import type { Alert } from "./alerts.ts"

/** More of them, the oldest, are not shown. */
const MOST_SHOWN = 50

/** What is bad now, and what was, the newest first. */
export function AlertList() {
  const { words } = useDashboardLanguage()
  const alerts = useStore(useDesk().alerts)
  const active = alerts.filter(({ to }) => to === undefined).length
  const shown = [...alerts].sort((one, other) => Number(one.to !== undefined) - Number(other.to !== undefined) || other.from - one.from)
  return (
    <aside className="alerts" aria-label={words.alerts.label}>
      <h2>
        {words.alerts.label} {active > 0 && <strong>{words.alerts.active(active)}</strong>}
      </h2>
      <p className="about">{words.alerts.about}</p>
      {shown.length === 0 ? (
        <p className="nobody">{words.alerts.none}</p>
      ) : (
        <ol>
          {shown.slice(0, MOST_SHOWN).map((alert) => (
            <AlertLine key={`${alert.panel} ${alert.from}`} alert={alert} />
          ))}
        </ol>
      )}
    </aside>
  )
}

function AlertLine({ alert: { panel: id, from, to, worst } }: { readonly alert: Alert }) {
  const { words, formats, said } = useDashboardLanguage()
  const { lookAt, newest, thresholds, view } = useDesk()
  const panel = PANELS.find((each) => each.id === id) ?? PANELS[0]
  const { name } = words.panels[id]
  // With some of what came after it.
  const look = () => lookAt(Math.min(newest.get(), (to ?? newest.get()) + view.get().spanMs / 5))
  return (
    <li data-lasts={to === undefined || undefined}>
      <button type="button" title={words.alerts.look(name)} onClick={look}>
        <Icon name={to === undefined ? "alert" : "check"} />
        <strong>{name}</strong>
        <span>{words.alerts[panel.side](said(thresholds.of(panel), panel.unit))}</span>
        <span className="when">
          {to === undefined ? words.alerts.lasts(formats.time(from)) : words.alerts.lasted(formats.time(from), formats.time(to))}
          {" · "}
          {words.alerts.worst(said(worst, panel.unit))}
        </span>
      </button>
    </li>
  )
}
