import type { ErrorCode } from "@magpie/protocol"
import type { Described, DescribedFields, Description, Fields, JsonSchema } from "./description.ts"
import type { ApiAction, ApiCaller } from "./rights.ts"

/** JSON that is already written, and what goes with it. */
export interface Answer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

interface AnyRoute {
  readonly method: "GET" | "POST"
  /** Below the prefix, with a slash in front. */
  readonly path: string
  /** In a few words, and in full; for the API's own description. */
  readonly summary: string
  readonly about: string
  /** What it answers where nothing went wrong, by status. */
  readonly answers: Readonly<Record<number, { readonly about: string; readonly schema: JsonSchema }>>
}

/** Open to everybody, without credentials: for a load balancer, and for whoever reads how the API is spoken. */
export interface OpenRoute extends AnyRoute {
  readonly action?: never
  readonly answer: () => Answer
}

export interface Call<Query, Body> {
  readonly caller: ApiCaller
  readonly query: Query
  readonly body: Body
  /** The header `Idempotency-Key`. */
  readonly idempotencyKey: string | undefined
}

/** For callers who may do `action`. */
export interface GuardedRoute<Query = unknown, Body = unknown> extends AnyRoute {
  readonly action: ApiAction
  readonly query?: Fields
  readonly body?: Description<unknown>
  /** Whether the header `Idempotency-Key` means something here. */
  readonly idempotent?: boolean
  /** The codes that it may refuse with, besides those that every guarded route has. */
  readonly errors: readonly ErrorCode[]
  /** What it counts for in its caller's rate. Default: 1. */
  readonly weight?: (body: Body) => number
  readonly handle: (call: Call<Query, Body>) => Answer | Promise<Answer>
}

export type Route = OpenRoute | GuardedRoute

interface Definition<Q extends Fields, B extends Description<unknown>> extends GuardedRoute<DescribedFields<Q>, Described<B>> {
  readonly query?: Q
  readonly body?: B
}

/** Ties a route's handler to the types of its own query and body, which are checked before it is called. */
export function guarded<const Q extends Fields = Record<never, never>, B extends Description<unknown> = Description<undefined>>(
  definition: Definition<Q, B>,
): GuardedRoute {
  return definition as unknown as GuardedRoute
}

export function ok(value: unknown): Answer {
  return { status: 200, body: JSON.stringify(value) }
}
