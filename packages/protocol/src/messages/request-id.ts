import { integer } from "../shape.ts"

/** Chosen by the client, unique among its requests in flight on one connection; the reply carries it back. */
export const requestId = integer(0)
