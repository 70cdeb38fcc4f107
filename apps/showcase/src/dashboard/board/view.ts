/** How much of the past is shown at once. */
export const SPANS_MS = [120_000, 300_000, 900_000, 3_600_000] as const
export type SpanMs = (typeof SPANS_MS)[number]

export interface View {
  readonly spanMs: SpanMs
  /** The newest moment that is shown, in server time; undefined while the view follows what comes. */
  readonly stoppedAt: number | undefined
}

/** The first and the last moment that are shown. */
export function shownRange({ spanMs, stoppedAt }: View, newest: number): { readonly from: number; readonly to: number } {
  const to = stoppedAt ?? newest
  return { from: to - spanMs, to }
}

/** The view after somebody moved it there: at the newest moment it follows again. */
export function movedTo(view: View, at: number, newest: number): View {
  return { ...view, stoppedAt: at >= newest ? undefined : at }
}
