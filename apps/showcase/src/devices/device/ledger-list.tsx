import type { LedgerStep } from "@magpie/client/command"
import { useStore } from "@magpie/frame"
import { useEffect, useState } from "react"
import { commandsOf } from "../fleet/device-commands.ts"
import type { DeviceView } from "../fleet/device-view.ts"
import { type LedgerView, openLedger } from "../fleet/ledger.ts"
import { useFleet } from "../fleet-context.ts"
import { type DeviceLanguage, useDeviceLanguage } from "../language/device-language.ts"
import { CallStateMark } from "./call-state.tsx"

type Ledger = ReturnType<typeof openLedger>

/** The device's ledger: who asked what and when, and what became of it. */
export function LedgerList({ kind, id }: Pick<DeviceView, "kind" | "id">) {
  const { words } = useDeviceLanguage()
  const { client } = useFleet()
  const [ledger, setLedger] = useState<Ledger>()

  useEffect(() => {
    const its = openLedger(commandsOf(client, { kind, id }))
    setLedger(its)
    return () => {
      its.close()
      setLedger(undefined)
    }
  }, [client, kind, id])

  return (
    <section className="ledger" aria-label={words.ledger.label}>
      <h3>
        {words.ledger.label} <span>{words.ledger.about}</span>
      </h3>
      {ledger !== undefined && <Steps ledger={ledger} />}
    </section>
  )
}

function Steps({ ledger }: { readonly ledger: Ledger }) {
  const { words } = useDeviceLanguage()
  const view = useStore(ledger.view)
  const { state, steps, more } = view
  return (
    <>
      {state === "failed" && (
        <p className="ledger-notice" role="alert">
          {words.ledger.failed}{" "}
          <button type="button" className="button small" onClick={ledger.read}>
            {words.ledger.retry}
          </button>
        </p>
      )}
      {steps.length === 0 && state !== "failed" && (
        <p className="ledger-notice">{state === "loading" ? words.ledger.loading : words.ledger.empty}</p>
      )}
      <ol>
        {steps.map((step) => (
          <Step key={step.offset} step={step} name={nameIn(view, step)} />
        ))}
      </ol>
      {more && (
        <button type="button" className="button small" onClick={ledger.read}>
          {words.ledger.older}
        </button>
      )}
    </>
  )
}

function Step({ step, name }: { readonly step: LedgerStep; readonly name: string | undefined }) {
  const { words, formats } = useDeviceLanguage()
  const { offset, at, from, state, command } = step
  return (
    <li>
      <span className="step-head">
        <span className="step-offset">{formats.number(offset)}</span>
        <time dateTime={new Date(at).toISOString()}>{formats.time(at)}</time>
        {from !== undefined && <span>{from}</span>}
      </span>
      <span className="step-what">
        {state !== undefined && <CallStateMark state={state} />}
        <span className="step-said">{saidOf(step, name, words)}</span>
        {command !== undefined && <code title={command}>{command.slice(-8)}</code>}
      </span>
    </li>
  )
}

function saidOf(
  { serving, left, cancel, name: called, input, data }: LedgerStep,
  name: string | undefined,
  { ledger }: DeviceLanguage["words"],
): string {
  if (serving !== undefined) return ledger.serves
  if (left !== undefined) return ledger.leaves
  if (cancel === true) return ledger.asksToCancel
  if (called !== undefined) return ledger.calls(called, JSON.stringify(input))
  return [name, data === undefined ? undefined : JSON.stringify(data)].filter((part) => part !== undefined).join(" ")
}

/** Which command a step is of, where its call is among those that are shown. */
function nameIn({ steps }: LedgerView, { command }: LedgerStep): string | undefined {
  return command === undefined ? undefined : steps.find((step) => step.command === command && step.name !== undefined)?.name
}
