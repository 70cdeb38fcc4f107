import { type DeviceModel, fieldsOf, flagIn, numberIn } from "./device-model.ts"

export type LampState = {
  readonly on: boolean
  /** Percent. */
  readonly brightness: number
}

/** A lamp: `set` switches and dims it at once. Beside it there is a switch. */
export function createLamp(before: LampState = { on: false, brightness: 80 }): DeviceModel<LampState> {
  let state = before

  function apply(given: unknown): LampState {
    const fields = fieldsOf(given)
    const { on = state.on, brightness = state.brightness } = {
      on: flagIn(fields, "on"),
      brightness: numberIn(fields, "brightness", 1, 100),
    }
    if (on !== state.on || brightness !== state.brightness) state = { on, brightness }
    return state
  }

  return {
    get state() {
      return state
    },
    handlers: { set: apply },
    controls: { press: () => void apply({ on: !state.on }) },
    apply,
    advance() {},
  }
}
