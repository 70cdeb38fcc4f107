/** One link of a node, with somebody who hears what comes and goes on it. */
export interface WatchedLink {
  heard(frame: string): void
  /** The text is made where somebody wants to read it. */
  wrote(frame: () => string): void
  /** The node closes it. */
  closing(code: number): void
}

/** Several who watch the same link. */
export function watchedBy(
  watchers: readonly Partial<WatchedLink>[],
  judging: <A extends readonly unknown[]>(check: (...given: A) => void) => (...given: A) => void,
): WatchedLink {
  const all = <K extends keyof WatchedLink>(what: K): readonly WatchedLink[K][] =>
    watchers.flatMap((watcher) => (watcher[what] === undefined ? [] : [watcher[what]]))
  const [heard, wrote, closing] = [all("heard").map(judging), all("wrote").map(judging), all("closing").map(judging)]
  return {
    heard: (frame) => {
      for (const hear of heard) hear(frame)
    },
    wrote: (frame) => {
      for (const hear of wrote) hear(frame)
    },
    closing: (code) => {
      for (const hear of closing) hear(code)
    },
  }
}
