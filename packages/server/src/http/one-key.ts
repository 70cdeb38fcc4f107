import { MagpieError } from "@magpie/protocol"

/** The idempotency key of a request, which may stand in its body or its header. Fails with BAD_REQUEST where the two differ. */
export function oneKey(body: string | undefined, header: string | undefined): string | undefined {
  if (body !== undefined && header !== undefined && body !== header)
    throw new MagpieError("BAD_REQUEST", "key and Idempotency-Key differ", { details: { field: "key" } })
  const key = body ?? header
  return key === undefined ? undefined : `=${key}`
}
