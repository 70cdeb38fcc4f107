import type { Bar, Depth, Quote, Replay, Wanted } from "../schemas.ts"

/** A table as the feed writes it. */
export interface Rows<Key extends string, Value> {
  /** Connections that follow it. */
  readonly subscribers: number
  get(key: Key): { readonly value: Value } | undefined
  set(key: Key, value: Value): Promise<unknown>
  merge(key: Key, fields: Partial<Value>): Promise<unknown>
}

/** The finished days of one symbol, as the feed writes them. */
export interface Bars {
  readonly subscribers: number
  history(options: { readonly last: number }): readonly { readonly data: Bar }[]
  /** The same key twice is stored once. */
  publish(name: "bar", bar: Bar, options: { readonly key: string }): Promise<unknown>
}

/** The server's channels. */
export interface FeedChannels {
  readonly quotes: Rows<string, Quote>
  readonly wanted: Pick<Rows<"all", Wanted>, "get">
  readonly replay: Rows<"all", Replay>
  book(symbol: string): Pick<Rows<string, Depth>, "subscribers" | "set">
  bars(symbol: string): Bars
}
