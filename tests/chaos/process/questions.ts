/** What a child process can be asked over IPC, by name. */
export type Questions = Readonly<Record<string, (given: never) => unknown>>

/** What travels to the child. */
export interface Asked {
  readonly id: number
  readonly ask: string
  readonly given: unknown
}

/** What travels back: that it can be asked, an answer, or something that it tells by itself. */
export type Told =
  | { readonly ready: true }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: string }
  | { readonly note: unknown }

/** What a child answers to `exit`, whatever else it knows. */
export const EXIT = "exit"
