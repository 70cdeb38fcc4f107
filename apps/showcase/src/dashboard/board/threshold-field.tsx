import { useStore } from "@magpie/frame"
import { useId } from "react"
import { useDesk } from "../desk-context.ts"
import { useDashboardLanguage } from "../language/dashboard-language.ts"
import type { Panel } from "../panels.ts"

/** From where on this viewer wants an alert; empty for none. */
export function ThresholdField({ panel }: { readonly panel: Panel }) {
  const { words } = useDashboardLanguage()
  const { thresholds } = useDesk()
  useStore(thresholds.chosen)
  const id = useId()
  return (
    <p className="threshold">
      <label htmlFor={id}>{words.threshold[panel.side]}</label>
      <input
        id={id}
        className="input"
        type="number"
        step="any"
        inputMode="decimal"
        aria-label={words.threshold.of(words.panels[panel.id].name)}
        placeholder={words.threshold.none}
        value={thresholds.of(panel) ?? ""}
        onChange={({ target }) => thresholds.set(panel, target.value === "" ? undefined : target.valueAsNumber)}
      />
    </p>
  )
}
