import type { StandardSchemaV1 } from "@standard-schema/spec"
import type { ChannelKinds, Contract } from "./contract.ts"
import type { Kind, MessageChanges } from "./kinds.ts"

type Segments<S extends string> = S extends `${infer Head}/${infer Tail}` ? [Head, ...Segments<Tail>] : [S]

// A name's segment never starts with a colon: a pattern with its parameter not filled in is no name.
type SegmentFits<P extends string, N extends string> = N extends `:${string}`
  ? false
  : P extends `:${string}`
    ? true
    : N extends P
      ? true
      : false

type Fits<P extends readonly string[], N extends readonly string[]> = P extends readonly [
  infer PH extends string,
  ...infer PT extends string[],
]
  ? N extends readonly [infer NH extends string, ...infer NT extends string[]]
    ? SegmentFits<PH, NH> extends true
      ? Fits<PT, NT>
      : false
    : false
  : N extends readonly []
    ? true
    : false

type NameOf<P extends readonly string[]> = P extends readonly [infer H extends string, ...infer T extends string[]]
  ? `${H extends `:${string}` ? string : H}${T extends readonly [] ? "" : `/${NameOf<T>}`}`
  : ""

/** The channel patterns of a contract. */
export type PatternName<C> = C extends Contract<infer K> ? keyof K & string : never

/** The concrete names that a contract allows, for an editor to complete: `chat/${string}` | `quotes`. */
export type ChannelName<C> = { [P in PatternName<C>]: NameOf<Segments<P>> }[PatternName<C>]

type FittingPatterns<K, N extends string> = { [P in keyof K & string]: Fits<Segments<P>, Segments<N>> extends true ? P : never }[keyof K &
  string]

/** Whether pattern P goes before pattern Q of the same length: at the first difference it has fixed text, Q a parameter. */
type GoesBefore<P extends readonly string[], Q extends readonly string[]> = P extends readonly [
  infer PH extends string,
  ...infer PT extends string[],
]
  ? Q extends readonly [infer QH extends string, ...infer QT extends string[]]
    ? PH extends `:${string}`
      ? QH extends `:${string}`
        ? GoesBefore<PT, QT>
        : false
      : QH extends `:${string}`
        ? true
        : GoesBefore<PT, QT>
    : false
  : false

/** Of the patterns that fit a name, the one that no other goes before. */
type MostSpecific<P extends string, All extends string = P> = P extends unknown
  ? true extends (All extends P ? never : GoesBefore<Segments<All>, Segments<P>>)
    ? never
    : P
  : never

/** The pattern that a concrete name belongs to; fixed text wins over a parameter, from the left. `never` where nothing fits. */
export type PatternOf<C, N extends string> =
  C extends Contract<infer K>
    ? string extends keyof K
      ? N // a contract that nothing is known about allows every name
      : MostSpecific<FittingPatterns<K, N>>
    : never

/** The parameters of a pattern: `{ room: string }` for `chat/:room`. */
export type ParamsOf<P extends string> = { readonly [S in Segments<P>[number] as S extends `:${infer Name}` ? Name : never]: string }

/** The kind that stands behind a pattern. */
export type KindOf<C, P> = C extends Contract<infer K> ? (P extends keyof K ? K[P] : never) : never

/** Patterns of one kind only. */
export type PatternsOfKind<C, Name extends Kind["kind"]> =
  C extends Contract<infer K> ? { [P in keyof K & string]: K[P] extends { readonly kind: Name } ? P : never }[keyof K & string] : never

/** The names of a kind's messages. */
export type MessageName<K> = K extends { readonly messages: infer M } ? keyof M & string : never

type SchemaOf<K, M> = K extends { readonly messages: infer S } ? (M extends keyof S ? S[M] : never) : never

type InputOf<S> = S extends StandardSchemaV1<infer Input, unknown> ? Input : never
type OutputOf<S> = S extends StandardSchemaV1<unknown, infer Output> ? Output : never

/** What a sender passes: the input of the message's schema. */
export type MessageInput<K, M> = InputOf<SchemaOf<K, M>>

/** What a receiver gets: the output of the message's schema. */
export type MessageOutput<K, M> = OutputOf<SchemaOf<K, M>>

/** What a row's key is. `never` where the kind is no table. */
export type RowKey<K> = K extends { readonly kind: "table"; readonly key: infer S } ? OutputOf<S> & string : never

/** What a writer gives a row: the input of the value's schema. */
export type RowInput<K> = K extends { readonly kind: "table"; readonly value: infer S } ? InputOf<S> : never

/** The fields of a row's value. */
export type RowField<K> = RowValue<K> extends object ? keyof RowValue<K> & string : never

/** One filter of a table with its argument: `{ sector: "tech" }`. */
export type RowFilter<K> = K extends { readonly kind: "table"; readonly filters: infer F }
  ? { [N in keyof F]: { readonly [M in N]: F[N] extends { readonly argument: infer S } ? InputOf<S> : never } }[keyof F]
  : never

/** What a row holds: the output of the value's schema. */
export type RowValue<K> = K extends { readonly kind: "table"; readonly value: infer S } ? OutputOf<S> : never

type CommandsOf<K> = K extends { readonly kind: "command"; readonly commands: infer C } ? C : never
type PartOf<K, N, Part extends string> = N extends keyof CommandsOf<K>
  ? CommandsOf<K>[N] extends { readonly [P in Part]: infer S }
    ? S
    : never
  : never

/** The names of a kind's commands. `never` where it has none. */
export type CommandName<K> = keyof CommandsOf<K> & string

/** What a caller passes: the input of the command's input schema. */
export type CommandInput<K, N> = InputOf<PartOf<K, N, "input">>

/** What its handler gets. */
export type CommandGiven<K, N> = OutputOf<PartOf<K, N, "input">>

/** What its handler returns. */
export type CommandResult<K, N> = InputOf<PartOf<K, N, "output">>

/** What its caller gets. */
export type CommandOutput<K, N> = OutputOf<PartOf<K, N, "output">>

/** What it tells while it runs, as its handler passes it. `never` where the contract has none. */
export type ProgressInput<K, N> = InputOf<PartOf<K, N, "progress">>

/** The same as its caller gets it. */
export type ProgressOutput<K, N> = OutputOf<PartOf<K, N, "progress">>

/** How it may fail by the contract's account: a code, with what is told with it. */
export type CommandFailure<K, N> =
  PartOf<K, N, "errors"> extends infer E
    ? { [Code in keyof E & string]: { readonly code: Code; readonly message?: string; readonly data: OutputOf<E[Code]> } }[keyof E & string]
    : never

/** What a handler passes to fail with such a code. */
export type FailureInput<K, N, Code> = PartOf<K, N, "errors"> extends infer E ? (Code extends keyof E ? InputOf<E[Code]> : never) : never

type ChangesIn<K, N> = K extends { readonly changes: infer H } ? (N extends keyof H ? H[N] : unknown) : unknown

/** What `action` says of a message, `unknown` where the contract says nothing of it. */
type SaidOf<K, N, Action extends string> = ChangesIn<K, N> extends { readonly [A in Action]: infer Said } ? Said : false

/** The names of messages with which the contract lets this be done: `edit`, `delete`, `append`, `reactions`, `versions`. */
export type MessagesWith<K, Action extends keyof MessageChanges> = {
  [N in MessageName<K>]: SaidOf<K, N, Action> extends false | undefined ? never : N
}[MessageName<K>]

/** What an append adds: a text, or a list of what the field's list holds. */
export type Addition<K, N> =
  SaidOf<K, N, "append"> extends infer F ? (F extends keyof MessageOutput<K, N> ? MessageOutput<K, N>[F] : never) : never

/** The reactions that a message may be given. */
export type ReactionName<K, N> = SaidOf<K, N, "reactions"> extends readonly (infer R)[] ? R & string : string

/** The channel patterns where sessions can be present. */
export type PatternsWithPresence<C> =
  C extends Contract<infer K>
    ? { [P in keyof K & string]: K[P] extends { readonly presence: StandardSchemaV1 } ? P : never }[keyof K & string]
    : never

type PresenceOf<K> = K extends { readonly presence: infer S } ? S : never

/** What a member passes as its state: the input of the presence schema. `never` where the kind has none. */
export type StateInput<K> = InputOf<PresenceOf<K>>

/** What others see of it: the output of the presence schema. */
export type StateOutput<K> = OutputOf<PresenceOf<K>>

export type AnyContract = Contract<ChannelKinds>
