import { type KeyboardEvent, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react"
import { useDesk } from "../desk-context.ts"
import { useQuoteLanguage } from "../language/quote-language.ts"
import { QuoteRow } from "./quote-row.tsx"
import { rowsInView } from "./rows-in-view.ts"
import { useRowPainter } from "./use-row-painter.ts"

const ROW_PX = 48

interface QuoteGridProps {
  readonly symbols: readonly string[]
  readonly shown: string | undefined
  readonly watched: readonly string[]
}

/** The rows in view, of any number. One row is a stop for the Tab key; the arrow keys go from row to row. */
export function QuoteGrid({ symbols, shown, watched }: QuoteGridProps) {
  const { words } = useQuoteLanguage()
  const { watchList } = useDesk()
  const painter = useRowPainter()
  const viewport = useRef<HTMLDivElement>(null)
  const { scrollPx, heightPx } = useView(viewport, symbols)
  const [active, setActive] = useState(shown)
  const isMoving = useRef(false)
  const { from, to } = rowsInView(scrollPx, heightPx, ROW_PX, symbols.length)
  const at = active === undefined ? -1 : symbols.indexOf(active)
  const stop = at < 0 ? Math.floor(scrollPx / ROW_PX) : at
  // The row that has the focus stays, also where it was scrolled out of view.
  const indexes = [...Array(to - from).keys()].map((index) => from + index)
  if (at >= 0 && (at < from || at >= to)) indexes.push(at)

  // biome-ignore lint/correctness/useExhaustiveDependencies: a row that was moved to takes the focus when it is there
  useEffect(() => {
    if (!isMoving.current) return
    isMoving.current = false
    viewport.current?.querySelector<HTMLElement>("a[tabindex='0']")?.focus({ preventScroll: true })
  }, [active])

  function move(index: number): void {
    const next = Math.max(0, Math.min(symbols.length - 1, index))
    isMoving.current = next !== at
    setActive(symbols[next])
    const element = viewport.current
    const top = next * ROW_PX
    if (element === null) return
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + ROW_PX > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW_PX - element.clientHeight
  }

  function onKeyDown(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(heightPx / ROW_PX) - 1)
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: stop + 1,
      ArrowUp: stop - 1,
      PageDown: stop + page,
      PageUp: stop - page,
      Home: 0,
      End: symbols.length - 1,
    }
    const next = moves[event.key]
    const symbol = symbols[stop]
    if (next !== undefined) move(next)
    else if (event.key === " " && event.target instanceof HTMLAnchorElement && symbol !== undefined) watchList.toggle(symbol)
    else return
    event.preventDefault()
  }

  return (
    <div className="grid-frame">
      <div className="grid-head" aria-hidden="true">
        <span>{words.list.symbol}</span>
        <span className="number">{words.list.last}</span>
        <span className="number">{words.list.change}</span>
        <span className="number" title={words.list.ageHint}>
          {words.list.age}
        </span>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys are about the links in it */}
      <div ref={viewport} className="grid-viewport" onKeyDown={onKeyDown}>
        <ul
          className="grid-rows"
          aria-label={words.list.label}
          aria-description={words.list.help}
          style={{ height: symbols.length * ROW_PX }}
        >
          {indexes.map((index) => {
            const symbol = symbols[index] ?? ""
            return (
              <QuoteRow
                key={symbol}
                symbol={symbol}
                place={{ index, count: symbols.length, topPx: index * ROW_PX }}
                isShown={symbol === shown}
                isStop={index === stop}
                isWatched={watched.includes(symbol)}
                painter={painter}
                onFocus={() => setActive(symbol)}
              />
            )
          })}
        </ul>
      </div>
    </div>
  )
}

/** How far the list is scrolled and how much of it is seen. Another list begins at its top. */
function useView(viewport: RefObject<HTMLElement | null>, symbols: readonly string[]) {
  const [view, setView] = useState({ scrollPx: 0, heightPx: 0 })

  useLayoutEffect(() => {
    const element = viewport.current
    if (element === null) return
    const look = () => setView({ scrollPx: element.scrollTop, heightPx: element.clientHeight })
    const observer = new ResizeObserver(look)
    observer.observe(element)
    element.addEventListener("scroll", look, { passive: true })
    look()
    return () => {
      observer.disconnect()
      element.removeEventListener("scroll", look)
    }
  }, [viewport])

  // biome-ignore lint/correctness/useExhaustiveDependencies: when the list is another one
  useEffect(() => {
    if (viewport.current !== null) viewport.current.scrollTop = 0
  }, [viewport, symbols])
  return view
}
