/** Which rows of one height are in view, and some beside them. */
export function rowsInView(
  scrollPx: number,
  heightPx: number,
  rowPx: number,
  count: number,
): { readonly from: number; readonly to: number } {
  const from = Math.max(0, Math.floor(scrollPx / rowPx) - OVERSCAN)
  return { from: Math.min(from, count), to: Math.min(count, Math.ceil((scrollPx + heightPx) / rowPx) + OVERSCAN) }
}

const OVERSCAN = 4
