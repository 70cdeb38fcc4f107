import type { FeedWatcher, News } from "./feed.ts"

/**
 * Hands what a feed tells to its watchers, to as many at a time as the caller says. Nothing is kept for one of them: whoever
 * has it already, because he joined or caught up meanwhile, knows by the version.
 */
export class Watchers {
  readonly #all = new Set<FeedWatcher>()
  #round: { readonly watchers: SetIterator<FeedWatcher>; readonly news: readonly News[] } | undefined

  get size(): number {
    return this.#all.size
  }

  /** Some have what others do not have yet. */
  get isUnderWay(): boolean {
    return this.#round !== undefined
  }

  join(watcher: FeedWatcher): void {
    this.#all.add(watcher)
  }

  leave(watcher: FeedWatcher): boolean {
    return this.#all.delete(watcher)
  }

  /** To be called when no round is under way. */
  begin(news: readonly News[]): void {
    if (news.length > 0 && this.#all.size > 0) this.#round = { watchers: this.#all.values(), news }
  }

  /** Goes on, for at most `count` watchers. Returns to how many; fewer than `count` when the round has ended. */
  give(count: number, alone: boolean): number {
    if (this.#round === undefined) return 0
    const { watchers, news } = this.#round
    let given = 0
    // An iterator of a set goes on where it was left, whoever joined or left meanwhile.
    for (const watcher of watchers) {
      for (const one of news) watcher.deliver(one, alone && news.length === 1)
      given += 1
      if (given === count) return given
    }
    this.#round = undefined
    return given
  }

  startAnew(): void {
    for (const watcher of this.#all) watcher.startAnew()
  }

  clear(): void {
    this.#all.clear()
    this.#round = undefined
  }
}
