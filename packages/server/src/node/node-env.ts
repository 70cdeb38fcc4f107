import { createHmac, randomBytes } from "node:crypto"
import type { Log, Timer } from "@magpie/protocol"
import type { CoreEnvironment } from "../options.ts"

/** The longest delay that Node takes; a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1

function setTimer(delayMs: number, fire: () => void): Timer {
  const dueAt = performance.now() + delayMs
  let timer = setTimeout(wait, Math.min(delayMs, MAX_DELAY_MS))
  function wait(): void {
    const leftMs = delayMs > MAX_DELAY_MS ? dueAt - performance.now() : 0
    if (leftMs > 0) timer = setTimeout(wait, Math.min(leftMs, MAX_DELAY_MS))
    else fire()
  }
  return { cancel: () => clearTimeout(timer) }
}

/** The real world: this machine's clock and randomness. */
export function nodeEnv(log: Log): CoreEnvironment {
  return {
    clock: {
      now: () => Date.now(),
      monotonic: () => performance.now(),
      setTimer,
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
