import { MagpieError } from "@magpie/protocol"

const RETRY_AFTER_MS = 1_000

/** Fails with UNAVAILABLE while the log is settled by rules from before this version, because some node knows no newer ones. */
export function requireVersion(applyVersion: number, needed: number): void {
  if (applyVersion >= needed) return
  throw new MagpieError("UNAVAILABLE", "not all nodes know this yet: some run an older Magpie", { retryAfterMs: RETRY_AFTER_MS })
}
