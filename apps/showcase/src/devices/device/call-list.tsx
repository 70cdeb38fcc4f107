import { useStore } from "@magpie/frame"
import { batchesOf, type CallView, isOpen } from "../fleet/calls.ts"
import { useFleet } from "../fleet-context.ts"
import { useDeviceLanguage } from "../language/device-language.ts"
import { CallStateMark } from "./call-state.tsx"

/** The commands of this page, each with its progress and its end, whichever device is shown. */
export function CallList() {
  const { words } = useDeviceLanguage()
  const { calls } = useFleet()
  const all = useStore(calls)
  return (
    <section className="calls" aria-label={words.calls.label}>
      <h3>{words.calls.label}</h3>
      {all.length === 0 && <p className="calls-none">{words.calls.none}</p>}
      <ol>
        {batchesOf(all).map((batch) => (
          <Batch key={batch[0]?.batch} batch={batch} />
        ))}
      </ol>
    </section>
  )
}

/** Commands that were said together stand together. */
function Batch({ batch }: { readonly batch: readonly CallView[] }) {
  const { words, formats } = useDeviceLanguage()
  const [first] = batch
  if (batch.length === 1 && first !== undefined) return <CallRow call={first} />
  const count = batch.filter(({ state }) => state === "done").length
  return (
    <li className="batch">
      <p role="status">{words.calls.batch(formats.number(count), formats.number(batch.length))}</p>
      <ol>
        {batch.map((call) => (
          <CallRow key={call.id} call={call} />
        ))}
      </ol>
    </li>
  )
}

function CallRow({ call }: { readonly call: CallView }) {
  const { words, formats, fieldValue } = useDeviceLanguage()
  const { cancel } = useFleet()
  const { id, device, input, state, progress, code, calledAt } = call
  const said = Object.entries(input).map(([field, value]) => `${words.fields[field] ?? field} ${fieldValue(field, value)}`)
  const about = code ?? words.calls.about[state]
  return (
    <li className="call" data-state={state}>
      <div className="call-what">
        <strong>{device}</strong> <span>{formats.names(said)}</span>
        <time dateTime={new Date(calledAt).toISOString()}>{formats.time(calledAt)}</time>
      </div>
      <div className="call-how">
        <CallStateMark state={state} />
        {about !== undefined && <span className="call-about">{about}</span>}
        {isOpen(call) && (
          <button type="button" className="button small" aria-label={words.calls.cancelOf(device)} onClick={() => cancel(id)}>
            {words.calls.cancel}
          </button>
        )}
      </div>
      {isOpen(call) && progress !== undefined && (
        <progress value={progress} aria-label={words.calls.progress(formats.percent(progress * 100))} />
      )}
    </li>
  )
}
