import type { Log } from "@magpie/protocol"
import type { Delivery } from "../channel/delivery.ts"
import type { NewestPerKey } from "../channel-rules.ts"
import { failureFields } from "../metrics/failure-fields.ts"

/** The key of each message of a delivery; undefined where it has none. */
export type KeyReader = (delivery: Delivery) => readonly (string | undefined)[]

/** Reads keys with the function of a channel's rules, once for all who are slow. One that throws gave no key. */
export function createKeyReader({ newestPerKey }: NewestPerKey, log: Log): KeyReader {
  let last: { readonly delivery: Delivery; readonly keys: readonly (string | undefined)[] } | undefined

  function keyOf({ channel, name, data, from }: Delivery["publications"][number]): string | undefined {
    try {
      const key = newestPerKey({ name, data: JSON.parse(data), from })
      return typeof key === "string" ? key : undefined
    } catch (cause) {
      log("error", "overflow-key-failed", { channel, ...failureFields(cause) })
      return undefined
    }
  }

  return (delivery) => {
    if (last?.delivery !== delivery) last = { delivery, keys: delivery.publications.map(keyOf) }
    return last.keys
  }
}
