import { ChangeSet, type Changes, changesBytes } from "./change-set.ts"

interface Entry {
  readonly changes: Changes
  readonly bytes: number
}

/** The newest changes of a room, by version, in bounded bytes. */
export class ChangeLog {
  readonly #maxBytes: number
  /** The change to version n + 1 + its index stands here, n being `#forgotten`. */
  #entries: Entry[] = []
  #forgotten = 0
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get version(): number {
    return this.#forgotten + this.#entries.length
  }

  /** Takes the change to the next version. */
  add(changes: Changes): void {
    const bytes = changesBytes(changes)
    this.#entries.push({ changes, bytes })
    this.#bytes += bytes
    let old = 0
    while (this.#bytes > this.#maxBytes && old < this.#entries.length) this.#bytes -= this.#entries[old++]?.bytes ?? 0
    if (old === 0) return
    this.#entries = this.#entries.slice(old)
    this.#forgotten += old
  }

  /** Everything is forgotten, and a version passes that nobody can be brought to by changes. */
  skip(): void {
    this.#forgotten = this.version + 1
    this.#entries = []
    this.#bytes = 0
  }

  /**
   * What became of each member after that version; undefined where that is no longer known, or was never. Who joined since and
   * left is named too: a page that was read meanwhile may have shown it.
   */
  since(version: number): ChangeSet | undefined {
    if (version < this.#forgotten || version > this.version) return undefined
    const all = new ChangeSet()
    for (const { changes } of this.#entries.slice(version - this.#forgotten))
      for (const [member, change] of changes) all.add(member, { ...change, before: true })
    return all
  }
}
