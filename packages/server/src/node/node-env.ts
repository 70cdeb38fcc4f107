import { createHmac, randomBytes } from "node:crypto"
import type { Log } from "@magpie/protocol"
import type { CoreEnvironment } from "../options.ts"

/** The real world: this machine's clock and randomness. */
export function nodeEnv(log: Log): CoreEnvironment {
  return {
    clock: {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      setTimer(delayMs, fire) {
        const timer = setTimeout(fire, delayMs)
        return { cancel: () => clearTimeout(timer) }
      },
      defer: (task) => void setImmediate(task),
    },
    random: {
      bytes: (count) => randomBytes(count),
      float: () => Math.random(),
    },
    crypto: {
      hmacSha256: (key, data) => createHmac("sha256", key).update(data).digest(),
    },
    log,
  }
}

/** One line of JSON per event on standard error, from `info` on. */
export const lineLog: Log = (level, event, fields) => {
  if (level === "debug") return
  process.stderr.write(`${JSON.stringify({ at: new Date().toISOString(), level, event, ...fields })}\n`)
}
