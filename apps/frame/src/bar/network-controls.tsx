import { useId } from "react"
import { useConditions, useFrame } from "../frame-context.ts"
import { useLanguage } from "../language/language.ts"
import { Hint } from "../layout/hint.tsx"

// Each way. The sum of both stays under the five seconds that the client waits for a sign of life.
const DELAYS_MS = [0, 100, 500, 2_000]
const RESET_INTERVALS_MS = [0, 30_000, 10_000, 3_000]

export function NetworkControls() {
  const { words, formats } = useLanguage()
  const { network } = useFrame()
  const conditions = useConditions()
  const { noDelay, noLoss, resetEvery } = words.network
  return (
    <div className="network-controls">
      <Choice
        label={words.network.delay}
        hint={words.network.delayHint}
        value={conditions.delayMs}
        options={DELAYS_MS.map((value) => [value, value === 0 ? noDelay : `+${formats.milliseconds(value)}`])}
        onChange={(delayMs) => network.set({ delayMs })}
      />
      <Choice
        label={words.network.loss}
        hint={words.network.lossHint}
        value={conditions.resetEveryMs}
        options={RESET_INTERVALS_MS.map((value) => [value, value === 0 ? noLoss : resetEvery(formats.seconds(value / 1_000))])}
        onChange={(resetEveryMs) => network.set({ resetEveryMs })}
      />
    </div>
  )
}

interface ChoiceProps {
  readonly label: string
  readonly hint: string
  readonly value: number
  readonly options: readonly (readonly [number, string])[]
  readonly onChange: (value: number) => void
}

function Choice({ label, hint, value, options, onChange }: ChoiceProps) {
  const id = useId()
  return (
    <Hint text={hint} className={value === 0 ? "choice at-end" : "choice at-end active"}>
      {(describedBy) => (
        <>
          <label htmlFor={id}>{label}</label>
          <select
            id={id}
            className="select"
            aria-describedby={describedBy}
            value={value}
            onChange={(event) => onChange(Number(event.target.value))}
          >
            {options.map(([option, name]) => (
              <option key={option} value={option}>
                {name}
              </option>
            ))}
          </select>
        </>
      )}
    </Hint>
  )
}
