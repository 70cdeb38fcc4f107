import { type RefObject, useCallback, useLayoutEffect, useMemo, useReducer, useRef, useState } from "react"

/** Where the reader is: at the newest row, or so many pixels below the top of a row that keeps its key. */
type Anchor = "end" | { readonly key: string; readonly deltaPx: number }

interface VirtualRows {
  readonly from: number
  readonly to: number
  readonly spaceBeforePx: number
  readonly spaceAfterPx: number
  readonly atEnd: boolean
  readonly nearTop: boolean
  readonly onScroll: () => void
  readonly goToEnd: () => void
}

const ESTIMATED_ROW_PX = 48
const OVERSCAN_PX = 600
const NEAR_TOP_PX = 400
const AT_END_PX = 24

/**
 * Draws only the rows in view, of whatever height. The reader's place is kept by row and not by pixel, so earlier rows may
 * be put before it and heights may turn out other than estimated. Rows whose key begins with `~` are no place to hold on to.
 */
export function useVirtualRows(
  keys: readonly string[],
  viewport: RefObject<HTMLElement | null>,
  content: RefObject<HTMLElement | null>,
): VirtualRows {
  const heights = useRef(new Map<string, number>())
  const anchor = useRef<Anchor>("end")
  const drawn = useRef<unknown[]>([])
  const [measured, remeasure] = useReducer((count: number) => count + 1, 0)
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  const [viewportPx, setViewportPx] = useState(0)

  const indexes = useMemo(() => new Map(keys.map((key, index) => [key, index])), [keys])
  // biome-ignore lint/correctness/useExhaustiveDependencies: `measured` says that the heights have changed
  const tops = useMemo(() => topsOf(keys, heights.current), [keys, measured])
  const totalPx = tops.at(-1) ?? 0
  const endPx = Math.max(0, totalPx - viewportPx)
  const scrollPx = placeOf(anchor.current, indexes, tops) ?? (anchor.current === "end" ? endPx : (viewport.current?.scrollTop ?? endPx))
  const from = Math.max(0, indexAt(tops, scrollPx - OVERSCAN_PX))
  const to = Math.min(keys.length, indexAt(tops, scrollPx + viewportPx + OVERSCAN_PX) + 1)

  useLayoutEffect(() => {
    if (viewport.current === null || content.current === null) return
    if (measure(content.current, heights.current)) return remeasure()
    const drawing = [tops, viewportPx]
    const changed = drawing.some((value, index) => value !== drawn.current[index])
    drawn.current = drawing
    if (changed && Math.abs(viewport.current.scrollTop - scrollPx) >= 1) viewport.current.scrollTop = scrollPx
  })

  useLayoutEffect(() => {
    const element = viewport.current
    if (element === null) return
    const observer = new ResizeObserver(() => setViewportPx(element.clientHeight))
    observer.observe(element)
    setViewportPx(element.clientHeight)
    return () => observer.disconnect()
  }, [viewport])

  const onScroll = useCallback(() => {
    const element = viewport.current
    if (element === null) return
    const belowPx = element.scrollHeight - element.clientHeight - element.scrollTop
    anchor.current = belowPx <= AT_END_PX ? "end" : anchorAt(element.scrollTop, keys, tops)
    redraw()
  }, [viewport, keys, tops])

  const goToEnd = useCallback(() => {
    anchor.current = "end"
    drawn.current = []
    redraw()
  }, [])

  return {
    from,
    to,
    spaceBeforePx: tops[from] ?? 0,
    spaceAfterPx: totalPx - (tops[to] ?? totalPx),
    atEnd: anchor.current === "end",
    nearTop: scrollPx < NEAR_TOP_PX,
    onScroll,
    goToEnd,
  }
}

/** The top of each row, and last the height of all. */
function topsOf(keys: readonly string[], heights: ReadonlyMap<string, number>): readonly number[] {
  const tops = [0]
  let top = 0
  for (const key of keys) {
    top += heights.get(key) ?? ESTIMATED_ROW_PX
    tops.push(top)
  }
  return tops
}

/** The row that holds this pixel, by bisection. */
function indexAt(tops: readonly number[], px: number): number {
  let low = 0
  let high = tops.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((tops[middle] ?? 0) <= px) low = middle
    else high = middle - 1
  }
  return low
}

function anchorAt(scrollPx: number, keys: readonly string[], tops: readonly number[]): Anchor {
  let index = indexAt(tops, scrollPx)
  while (keys[index]?.startsWith("~")) index += 1
  const key = keys[index]
  return key === undefined ? "end" : { key, deltaPx: scrollPx - (tops[index] ?? 0) }
}

function placeOf(anchor: Anchor, indexes: ReadonlyMap<string, number>, tops: readonly number[]): number | undefined {
  if (anchor === "end") return undefined
  const index = indexes.get(anchor.key)
  return index === undefined ? undefined : (tops[index] ?? 0) + anchor.deltaPx
}

/** Notes the true heights of the drawn rows; true when one differs from what was known. */
function measure(content: HTMLElement, heights: Map<string, number>): boolean {
  let changed = false
  for (const row of content.children) {
    const key = row instanceof HTMLElement ? row.dataset.key : undefined
    if (key === undefined) continue
    const { height } = row.getBoundingClientRect()
    if (Math.abs((heights.get(key) ?? -1) - height) < 0.5) continue
    heights.set(key, height)
    changed = true
  }
  return changed
}
