import { type Clock, type Limits, MagpieError } from "@magpie/protocol"
import { createMeter, type Meter, rate, take } from "../flow/rate.ts"
import type { Connection } from "./connection.ts"

/** Decides whether a connection may read one more page. Fails with RATE_LIMITED, and with UNAVAILABLE while pages are shed. */
export type PageMeter = (connection: Connection) => void

export interface PageMeterOptions {
  readonly clock: Clock
  readonly limits: Pick<Limits, "historyReadsPerSecond">
  /** There is too much to carry to read pages for anybody. */
  readonly sheds: () => boolean
}

/** What has been shed stays so for about as long. */
const SHED_RETRY_MS = 2_000

export function createPageMeter({ clock, limits, sheds }: PageMeterOptions): PageMeter {
  const pages = rate(limits.historyReadsPerSecond, limits.historyReadsPerSecond * 2)
  const meters = new WeakMap<Connection, Meter>()
  return (connection) => {
    const meter = meters.get(connection) ?? createMeter()
    meters.set(connection, meter)
    const wait = take(meter, pages, clock.monotonic())
    if (wait > 0) {
      const details = { limit: "historyReadsPerSecond" }
      throw new MagpieError("RATE_LIMITED", "too many pages at once", { retryAfterMs: wait, details })
    }
    if (sheds()) throw new MagpieError("UNAVAILABLE", "the server sheds load", { retryAfterMs: SHED_RETRY_MS })
  }
}
