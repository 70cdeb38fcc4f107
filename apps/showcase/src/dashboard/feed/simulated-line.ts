import type { Figures } from "../schemas.ts"

const USUAL = { temperature: 72, units: 62 }
/** What it comes to while the cooling fails. */
const FAILING = { temperature: 97, units: 34 }
/** Mean time from one fault to the next, and how long one lasts. */
const BETWEEN_FAULTS_MS = 150_000
const FAULT_MS = 40_000
/** How slowly heat and speed follow. */
const HEAT_MS = 14_000
const SPEED_MS = 6_000
/** It is worked out in steps no longer than this, however seldom it is asked. */
const STEP_MS = 1_000

/**
 * Readings of a factory line that is simulated: now and then its cooling fails, it grows hot, pressure rises with the heat, and it
 * slows down until it is repaired.
 */
export function createSimulatedLine(random: () => number): (elapsedMs: number) => Figures {
  let temperature = USUAL.temperature
  let units = USUAL.units
  let faultMs = 0

  const noise = (width: number) => (random() - 0.5) * width

  function pass(ms: number): void {
    if (faultMs > 0) faultMs -= ms
    else if (random() < ms / BETWEEN_FAULTS_MS) faultMs = FAULT_MS * (0.75 + random() / 2)
    const goal = faultMs > 0 ? FAILING : USUAL
    temperature += (goal.temperature - temperature) * (1 - Math.exp(-ms / HEAT_MS))
    units += (goal.units - units) * (1 - Math.exp(-ms / SPEED_MS))
  }

  return (elapsedMs) => {
    for (let leftMs = elapsedMs; leftMs > 0; leftMs -= STEP_MS) pass(Math.min(leftMs, STEP_MS))
    return {
      temperature: tenths(temperature + noise(0.8)),
      pressure: tenths(5.2 + (temperature - USUAL.temperature) * 0.04 + noise(0.2)),
      units: tenths(units + noise(3)),
    }
  }
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10
}
