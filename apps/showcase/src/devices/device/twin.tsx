import { useStore } from "@magpie/frame"
import type { DeviceView } from "../fleet/device-view.ts"
import { useFleet } from "../fleet-context.ts"
import { type DeviceLanguage, useDeviceLanguage } from "../language/device-language.ts"

/** What the device is, beside what is desired of it, and why they differ. */
export function Twin({ device }: { readonly device: DeviceView }) {
  const { words, fieldValue } = useDeviceLanguage()
  const { failure } = useFleet()
  const failed = useStore(failure)
  const { twin } = words
  const { state, desired, delta } = device
  return (
    <section className="twin" aria-label={twin.label}>
      <table>
        <thead>
          <tr>
            <th scope="col">{twin.field}</th>
            <th scope="col">{twin.reported}</th>
            <th scope="col">{twin.desired}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(state).map(([field, value]) => {
            const differs = delta?.fields.includes(field) ?? false
            return (
              <tr key={field} data-differs={differs} data-field={field}>
                <th scope="row">{words.fields[field] ?? field}</th>
                <td>{fieldValue(field, value)}</td>
                <td>
                  {desired?.[field] === undefined ? twin.nothing : fieldValue(field, desired[field])}
                  {differs && <span className="differs">≠ {twin.differs}</span>}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
      <p className="twin-note" role="status">
        {noteOf(device, words)}
      </p>
      {failed === device.id && (
        <p className="field-error" role="alert">
          {twin.failed}
        </p>
      )}
    </section>
  )
}

function noteOf({ desired, delta, isOnline }: DeviceView, { twin }: DeviceLanguage["words"]): string {
  if (desired === undefined) return twin.notDesired
  if (delta === undefined) return twin.asDesired
  if (delta.isTakenUp) return twin.changed
  return isOnline ? twin.waiting : twin.waitingOffline
}
