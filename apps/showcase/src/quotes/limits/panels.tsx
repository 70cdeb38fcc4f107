import { useQuoteLanguage } from "../language/quote-language.ts"
import { ReplayPanel } from "../replay/replay-panel.tsx"
import { LimitPanel } from "./limit-panel.tsx"
import { RisingChoice } from "./rising-choice.tsx"

/** What may be chosen, and what comes of it. */
export function Panels() {
  const { words } = useQuoteLanguage()
  return (
    <aside className="panels" aria-label={words.list.openPanel}>
      <LimitPanel />
      <ReplayPanel />
      <footer className="honest">
        <p>{words.honest}</p>
        <RisingChoice />
        <p className="notice" lang="en">
          TradingView Lightweight Charts™ Copyright (c) 2025 TradingView, Inc. <a href="https://www.tradingview.com/">tradingview.com</a>
        </p>
      </footer>
    </aside>
  )
}
