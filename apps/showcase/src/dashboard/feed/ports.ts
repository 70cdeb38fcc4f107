import type { BoardName, Figures, Visit } from "../schemas.ts"

/** A board's newest figures, as the feed writes them. */
export interface Rows {
  /** Connections that follow it. */
  readonly subscribers: number
  set(metric: string, row: { readonly value: number }): Promise<unknown>
  delete(metric: string): Promise<unknown>
}

/** What a board's figures were. */
export interface Points {
  readonly subscribers: number
  publish(name: "point", point: { readonly figures: Figures }): Promise<unknown>
}

export interface BoardChannels {
  readonly now: Rows
  readonly history: Points
}

export type DashboardChannels = Readonly<Record<BoardName, BoardChannels>>

/** Where the figures of one board come from. It is asked for them with the time since it was asked last. */
export type Source = (elapsedMs: number) => Figures | Promise<Figures>

/** Who is here, as the server knows it of its own sessions. */
export interface Visitors {
  page(request: { readonly limit: number; readonly after?: string | undefined }): Promise<{
    readonly counts: { readonly members: number }
    readonly members: readonly { readonly state: Visit }[]
    readonly next: string | undefined
  }>
}
