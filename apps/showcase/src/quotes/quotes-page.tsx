import { Drawer, useStore } from "@magpie/frame"
import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react"
import { useConnection } from "../connection/connection-context.ts"
import { type Desk, openDesk } from "./desk.ts"
import { DeskContext, useDesk } from "./desk-context.ts"
import { QuoteDetail } from "./detail/quote-detail.tsx"
import { useQuoteLanguage } from "./language/quote-language.ts"
import { Panels } from "./limits/panels.tsx"
import { QuoteList } from "./list/quote-list.tsx"
import "./styles/quotes.css"
import "./styles/list.css"
import "./styles/detail.css"
import "./styles/panels.css"
import { INDEX } from "./symbols.ts"
import { chosenRising } from "./trend.ts"

const NARROW_PX = 760

/** The share quotes: a list, one symbol of it with chart and orders, and what may be chosen of rate and replay. */
export function QuotesPage({ symbol }: { readonly symbol: string | undefined }) {
  const { client } = useConnection()
  const [desk, setDesk] = useState<Desk>()
  const rising = useStore(chosenRising)
  const page = useRef<HTMLDivElement>(null)
  const isNarrow = useNarrow(page)

  useEffect(() => {
    const its = openDesk(client)
    setDesk(its)
    return () => {
      its.close()
      setDesk(undefined)
    }
  }, [client])

  return (
    <div ref={page} className="quotes" data-rising={rising} data-narrow={isNarrow}>
      {desk !== undefined && isNarrow !== undefined && (
        <DeskContext value={desk}>
          <QuotesLayout symbol={symbol} isNarrow={isNarrow} />
        </DeskContext>
      )}
    </div>
  )
}

interface QuotesLayoutProps {
  readonly symbol: string | undefined
  /** There is room for the list or for one symbol. */
  readonly isNarrow: boolean
}

function QuotesLayout({ symbol, isNarrow }: QuotesLayoutProps) {
  const { words } = useQuoteLanguage()
  const { board, scope: chosenScope, watchList } = useDesk()
  const scope = useStore(chosenScope)
  const watched = useStore(watchList.symbols)
  const [panelsOpen, setPanelsOpen] = useState(false)
  const shown = symbol ?? (isNarrow ? undefined : INDEX)

  useEffect(() => {
    if (scope === "all") board.follow("all")
    else board.follow(shown === undefined ? watched : [...new Set([...watched, shown])])
  }, [board, scope, watched, shown])

  if (!isNarrow)
    return (
      <>
        <QuoteList shown={shown} />
        <div className="beside">
          <QuoteDetail key={shown} symbol={shown ?? INDEX} />
          <Panels />
        </div>
      </>
    )
  const openPanels = () => setPanelsOpen(true)
  const closePanels = () => setPanelsOpen(false)
  return (
    <>
      {shown === undefined ? (
        <QuoteList shown={undefined} onPanels={openPanels} />
      ) : (
        <QuoteDetail key={shown} symbol={shown} onPanels={openPanels} />
      )}
      <Drawer
        open={panelsOpen}
        onClose={closePanels}
        title={words.list.openPanel}
        closeLabel={words.list.closePanel}
        className="panels-drawer"
      >
        <Panels />
      </Drawer>
    </>
  )
}

/** Whether the element is narrow; undefined until it was looked at. */
function useNarrow(element: RefObject<HTMLElement | null>): boolean | undefined {
  const [isNarrow, setNarrow] = useState<boolean>()
  useLayoutEffect(() => {
    if (element.current === null) return
    const { current } = element
    const look = () => setNarrow(current.clientWidth < NARROW_PX)
    const observer = new ResizeObserver(look)
    observer.observe(current)
    look()
    return () => observer.disconnect()
  }, [element])
  return isNarrow
}
