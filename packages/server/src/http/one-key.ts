import { MagpieError } from "@magpie/protocol"

/** The idempotency key of a request, which may stand in its body or its header. Fails with BAD_REQUEST where the two differ. */
export function oneKey(body: string | undefined, header: string | undefined): string | undefined {
  const key = oneOf("key", body, header)
  return key === undefined ? undefined : `=${key}`
}

/** What a field of the body and the header both may give. */
export function oneOf(field: string, body: string | undefined, header: string | undefined): string | undefined {
  if (body !== undefined && header !== undefined && body !== header)
    throw new MagpieError("BAD_REQUEST", `${field} and Idempotency-Key differ`, { details: { field } })
  return body ?? header
}
