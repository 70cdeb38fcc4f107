import { type Clock, isMagpieError, type Timer } from "@magpie/protocol"
import { BOARDS, type BoardName, type Figures } from "../schemas.ts"
import { createBoardWriter } from "./board-writer.ts"
import type { DashboardChannels, Source } from "./ports.ts"

export interface DashboardFeedOptions {
  readonly channels: DashboardChannels
  readonly sources: Readonly<Record<BoardName, Source>>
  readonly clock: Clock
  /** How long the log took to store what was written last. */
  readonly onStored?: (ms: number) => void
}

export interface DashboardFeed {
  /** Idempotent; nothing is written after it. */
  close(): void
}

/** How often figures are read while somebody follows them. */
export const READ_MS = 1_000
/** How often there is a point of history then. */
export const POINT_MS = 2_000
/** How often both happen while nobody looks, so that there is something to look back to. */
export const IDLE_MS = 10_000

/** Reads the figures of all boards and writes them: the newest into tables, and what they were into streams. */
export function createDashboardFeed({ channels, sources, clock, onStored = () => {} }: DashboardFeedOptions): DashboardFeed {
  const writers = BOARDS.map((name) => ({ name, ...createBoardWriter(channels[name], failed) }))
  let timer: Timer | undefined
  let isClosed = false
  let readAt = clock.monotonic()
  let pointAt = readAt

  const isFollowed = () => BOARDS.some((name) => channels[name].now.subscribers > 0 || channels[name].history.subscribers > 0)

  /** A server that is closing writes nothing more; whatever else fails is tried again with newer figures. */
  function failed(failure: unknown): void {
    if (isMagpieError(failure) && failure.code === "CLOSED") close()
  }

  async function read(elapsedMs: number): Promise<ReadonlyMap<BoardName, Figures>> {
    return new Map(await Promise.all(BOARDS.map(async (name) => [name, await sources[name](elapsedMs)] as const)))
  }

  async function step(now: number): Promise<void> {
    const figures = await read(now - readAt)
    readAt = now
    const isPoint = now - pointAt >= POINT_MS
    if (isPoint) pointAt = now
    const stored: Promise<unknown>[] = []
    const begun = clock.monotonic()
    for (const writer of writers) {
      if (isClosed) return
      writer.write(figures.get(writer.name) ?? {})
      if (isPoint) stored.push(writer.store())
    }
    if (!isPoint) return
    await Promise.all(stored)
    onStored(clock.monotonic() - begun)
  }

  function run(): void {
    const now = clock.monotonic()
    const isDue = isFollowed() || now - readAt >= IDLE_MS
    void (isDue ? step(now).catch(failed) : Promise.resolve()).then(() => {
      if (!isClosed) timer = clock.setTimer(Math.max(1, READ_MS - (clock.monotonic() - now)), run)
    })
  }

  function close(): void {
    isClosed = true
    timer?.cancel()
  }

  timer = clock.setTimer(READ_MS, run)
  return { close }
}
