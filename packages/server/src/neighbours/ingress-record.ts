import type { GivenRecord, NeighbourRecord } from "@magpie/journal"
import { type ErrorCode, MagpieError } from "@magpie/protocol"

/** A record as it comes in. */
export interface IngressRecord extends GivenRecord {
  /** The value as text. Fails with BAD_REQUEST where it is not UTF-8. */
  text(): string
  /** The value as JSON; fails likewise. */
  json(): unknown
}

export function ingressRecord(record: GivenRecord): IngressRecord {
  const text = (): string => {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(record.value)
    } catch (cause) {
      throw new MagpieError("BAD_REQUEST", "the record's value is not UTF-8", { details: { field: "value" }, cause })
    }
  }
  return {
    ...record,
    text,
    json() {
      const written = text()
      try {
        return JSON.parse(written) as unknown
      } catch (cause) {
        throw new MagpieError("BAD_REQUEST", "the record's value is not JSON", { details: { field: "value" }, cause })
      }
    },
  }
}

/** The record as it was, and beside it why it was not published. */
export function deadLetterOf(record: GivenRecord, name: string, code: ErrorCode, reason: string): NeighbourRecord {
  const id = record.id === undefined ? undefined : { "magpie-id": record.id }
  const headers = { ...record.headers, "magpie-ingress": name, "magpie-error": code, "magpie-reason": reason, ...id }
  return { id: record.id, key: record.key, value: record.value, headers }
}
