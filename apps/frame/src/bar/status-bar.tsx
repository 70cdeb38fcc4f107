import { useState } from "react"
import { useLanguage } from "../language/language.ts"
import { Icon } from "../layout/icon.tsx"
import { CutButton } from "./cut-button.tsx"
import { Meters } from "./meters.tsx"
import { NetworkControls } from "./network-controls.tsx"
import { StatusBadge } from "./status-badge.tsx"

/** The truth on screen: the connection, what passes over it, and what one may do to it. */
export function StatusBar() {
  const { words } = useLanguage()
  const [open, setOpen] = useState(false)
  return (
    <section className={`status-bar${open ? " open" : ""}`} aria-label={words.status.label}>
      <StatusBadge />
      <div className="bar-more" id="bar-more">
        <Meters />
        <NetworkControls />
      </div>
      <button
        type="button"
        className="button quiet square bar-toggle"
        aria-label={words.meter.more}
        aria-expanded={open}
        aria-controls="bar-more"
        onClick={() => setOpen(!open)}
      >
        <Icon name="gauge" />
      </button>
      <CutButton />
    </section>
  )
}
