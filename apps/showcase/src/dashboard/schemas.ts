import * as v from "valibot"

/** The dashboards. Each has a table with its newest figures and a stream with what they were. */
export const BOARDS = ["server", "visits", "line"] as const
export type BoardName = (typeof BOARDS)[number]

/** How long a figure can be looked back to. */
export const KEPT_MS = 3_600_000
/** A board has no more figures than this. */
const MOST_FIGURES = 40

/** A figure's name: `delay`, or with what it is of, `page/chat`. */
export const metric = v.pipe(v.string(), v.regex(/^[a-z]{1,20}(?:\/[a-z0-9.:-]{1,64})?$/))
const amount = v.pipe(v.number(), v.finite())
export const figure = v.object({ value: amount })

/** What the figures of a board were in the seconds before. */
export const point = v.object({
  figures: v.pipe(
    v.record(metric, amount),
    v.check((figures) => Object.keys(figures).length <= MOST_FIGURES, `at most ${MOST_FIGURES} figures`),
  ),
})

export const DEVICES = ["desktop", "tablet", "phone"] as const

/** All that a visitor's page says of itself: the application, a class of devices, and of where it comes from the host alone. */
export const visit = v.object({
  page: v.pipe(v.string(), v.regex(/^[a-z-]{1,20}$/)),
  device: v.picklist(DEVICES),
  referrer: v.pipe(v.string(), v.regex(/^[a-z0-9.:-]{1,64}$/)),
})

export type Figures = Readonly<Record<string, number>>
export type Visit = v.InferOutput<typeof visit>

export function isBoard(name: string | undefined): name is BoardName {
  return BOARDS.some((board) => board === name)
}
