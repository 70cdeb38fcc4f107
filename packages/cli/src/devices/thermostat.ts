import { type DeviceModel, fieldsOf, numberIn } from "./device-model.ts"

export type ThermostatState = {
  /** Degrees Celsius, as the others. */
  readonly target: number
  /** As it is shown, to a tenth. */
  readonly temperature: number
  readonly heating: boolean
}

/** The house without heating. */
const OUTSIDE = 14
/** So far from the target it begins and ceases to heat. */
const HYSTERESIS = 0.3
/** Of what the outside is away, per second. */
const LOSS_PER_SECOND = 0.0015
const HEATING_PER_SECOND = 0.12

/** A thermostat in a room: `set` says where to, and the temperature drifts there. A window beside it lets the cold in. */
export function createThermostat(before: ThermostatState = { target: 21, temperature: 19.5, heating: true }): DeviceModel<ThermostatState> {
  let state = before
  let exact = before.temperature

  function become(change: Partial<ThermostatState>): void {
    const next = { ...state, ...change }
    if (next.target !== state.target || next.temperature !== state.temperature || next.heating !== state.heating) state = next
  }

  function apply(given: unknown): ThermostatState {
    const target = numberIn(fieldsOf(given), "target", 5, 30)
    if (target !== undefined) become({ target })
    return state
  }

  return {
    get state() {
      return state
    },
    handlers: { set: (input) => ({ target: apply(input).target }) },
    controls: {
      window() {
        exact = Math.max(OUTSIDE, exact - 2)
        become({ temperature: tenth(exact) })
      },
    },
    apply: (desired) => void apply(desired),
    advance(elapsedMs) {
      const { target, heating } = state
      const seconds = elapsedMs / 1_000
      exact += (OUTSIDE - exact) * LOSS_PER_SECOND * seconds + (heating ? HEATING_PER_SECOND * seconds : 0)
      // What slept long has not become hotter than it heats to.
      if (heating) exact = Math.min(exact, target + HYSTERESIS)
      const isHeating = exact <= target - HYSTERESIS || (heating && exact < target + HYSTERESIS)
      become({ temperature: tenth(exact), heating: isHeating })
    },
  }
}

const tenth = (degrees: number): number => Math.round(degrees * 10) / 10
