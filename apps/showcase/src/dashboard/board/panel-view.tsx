import { useStore } from "@magpie/frame"
import { PanelChart } from "../chart/panel-chart.tsx"
import { useDesk } from "../desk-context.ts"
import { useDashboardLanguage } from "../language/dashboard-language.ts"
import type { Panel } from "../panels.ts"
import type { Board } from "./open-board.ts"
import { ThresholdField } from "./threshold-field.tsx"
import { useShown } from "./use-shown.ts"

interface PanelViewProps {
  readonly board: Board
  readonly panel: Panel
}

/** One to three figures: what they are at the moment shown, and what they were. */
export function PanelView({ board, panel }: PanelViewProps) {
  const { words, said } = useDashboardLanguage()
  const figures = useShown(board)
  const isBad = useIsBad(panel)
  const { name, about } = words.panels[panel.id]
  return (
    <section className="panel" data-panel={panel.id} data-alert={isBad || undefined} aria-label={name}>
      <header className="panel-head">
        <h3>{name}</h3>
        <ThresholdField panel={panel} />
      </header>
      <p className="about">{about}</p>
      <dl className="panel-figures">
        {panel.metrics.map((metric, index) => (
          <div key={metric} data-figure={metric}>
            <dt className={panel.metrics.length === 1 ? "visually-hidden" : undefined}>
              <svg className={`swatch series-${index + 1}`} width="20" height="8" viewBox="0 0 20 8" aria-hidden="true">
                <path d="M0 4h20" />
              </svg>
              {words.series[metric] ?? name}
            </dt>
            <dd>{said(figures[metric], panel.unit)}</dd>
          </div>
        ))}
      </dl>
      <PanelChart board={board} panel={panel} />
    </section>
  )
}

/** Whether an alert of this panel lasts at the moment shown. */
function useIsBad({ id }: Panel): boolean {
  const desk = useDesk()
  const alerts = useStore(desk.alerts)
  const { stoppedAt } = useStore(desk.view)
  return alerts.some(
    ({ panel, from, to }) =>
      panel === id && (stoppedAt === undefined ? to === undefined : from <= stoppedAt && (to === undefined || to > stoppedAt)),
  )
}
