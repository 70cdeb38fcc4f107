import type { UpLine } from "./up-line.ts"

/** A link that HTTP requests carry, as those requests find it. */
export interface HttpLink {
  readonly kind: "events" | "polls"
  /** Whoever knows it speaks for the link. Told to its opener alone, and never part of a URL. */
  readonly secret: string
  /** Where POSTs go; undefined once the link is closing. */
  readonly up: UpLine | undefined
  /** The other side closed it. */
  left(): void
  /** Bodies that are being read for it. */
  reading: number
}
