import { MagpieError } from "@magpie/protocol"
import { CHUNK_BYTES } from "../limits.ts"

const DAY_MS = 24 * 3_600_000
/** So many visitors' uploads are remembered; the one who began longest ago is forgotten first. */
const TRACKED_VISITORS = 100_000

export interface UploadQuotaOptions {
  readonly visitorUploadBytes: number
  readonly now: () => number
}

/**
 * Counts what each visitor uploads within a day from his first piece on, on this node since it was started. Each piece counts as a
 * whole one, so that none is taken behind one that was refused.
 */
export function createUploadQuota({ visitorUploadBytes, now }: UploadQuotaOptions) {
  const days = new Map<string, { readonly since: number; bytes: number }>()

  function dayOf(visitor: string) {
    const known = days.get(visitor)
    if (known !== undefined && now() - known.since < DAY_MS) return known
    const day = { since: now(), bytes: 0 }
    days.delete(visitor)
    days.set(visitor, day)
    const [oldest] = days.keys()
    if (days.size > TRACKED_VISITORS && oldest !== undefined) days.delete(oldest)
    return day
  }

  return {
    /** Fails with LIMIT_EXCEEDED where it is more than one visitor may send. */
    takePiece(visitor: string): void {
      const day = dayOf(visitor)
      const after = day.bytes + CHUNK_BYTES
      if (after > visitorUploadBytes) {
        const details = { limit: "visitorUploadBytes", value: visitorUploadBytes }
        throw new MagpieError("LIMIT_EXCEEDED", "the visitor has uploaded as much as fits into a day", { details })
      }
      day.bytes = after
    },
  }
}
