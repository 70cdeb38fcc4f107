/** Writes the newest of what is reported, one write at a time: what changes faster is skipped. */
export interface Reporter<Report> {
  report(report: Report): void
  close(): void
}

/** `write` resolves when it is stored; what it fails with for good is told to `failed`, and the next report is written all the same. */
export function createReporter<Report>(write: (report: Report) => Promise<unknown>, failed: (failure: unknown) => void): Reporter<Report> {
  let newest: { readonly report: Report } | undefined
  let isWriting = false
  let isOpen = true

  async function writeAll(): Promise<void> {
    isWriting = true
    while (isOpen && newest !== undefined) {
      const { report } = newest
      newest = undefined
      try {
        await write(report)
      } catch (failure) {
        if (isOpen) failed(failure)
      }
    }
    isWriting = false
  }

  return {
    report(report) {
      newest = { report }
      if (!isWriting) void writeAll()
    },
    close() {
      isOpen = false
      newest = undefined
    },
  }
}
