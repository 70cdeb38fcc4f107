/** Tells the newest progress, one report at a time. */
export interface Progress {
  add(data: unknown): void
  /** Nothing more is told. */
  end(): void
}

export function createProgress(tell: (data: unknown) => Promise<unknown>): Progress {
  let newest: { readonly data: unknown } | undefined
  let isTelling = false
  let isOpen = true

  async function tellAll(): Promise<void> {
    isTelling = true
    try {
      while (isOpen && newest !== undefined) {
        const { data } = newest
        newest = undefined
        await tell(data)
      }
    } catch {
      // Progress that nobody takes, because there is too much of it or it is none, changes nothing of the command.
      isOpen = false
    } finally {
      isTelling = false
    }
  }

  return {
    add(data) {
      if (!isOpen) return
      newest = { data }
      if (!isTelling) void tellAll()
    },
    end() {
      isOpen = false
    },
  }
}
