import type { DurableLog } from "@magpie/journal"
import { type AckLevel, MagpieError, type Publication } from "@magpie/protocol"

/**
 * A log that is still being opened, usable at once: what waits for the disk anyway waits a little longer, what answers at
 * once fails with UNAVAILABLE until it is open. So a server can be put together before it listens.
 */
export function openingLog(opening: Promise<DurableLog>, level: AckLevel): DurableLog {
  let opened: DurableLog | undefined
  const ready = opening.then((log) => {
    opened = log
    return log
  })
  // Whoever awaits the opening learns of its failure; here it only must not go astray.
  ready.catch(() => {})

  function now(): DurableLog {
    if (opened === undefined) throw new MagpieError("UNAVAILABLE", "the log is still being opened")
    return opened
  }

  function later(attach: (log: DurableLog) => () => void): () => void {
    let detach: (() => void) | undefined
    let detached = false
    ready.then(
      (log) => {
        if (!detached) detach = attach(log)
      },
      () => {},
    )
    return () => {
      detached = true
      detach?.()
    }
  }

  return {
    get level() {
      return opened?.level ?? level
    },
    control: {
      get nodeId() {
        return now().control.nodeId
      },
      get lagMs() {
        return opened?.control.lagMs ?? Number.POSITIVE_INFINITY
      },
      get fresh() {
        return opened?.control.fresh ?? false
      },
      isRevoked: (proof) => now().control.isRevoked(proof),
      get spendScope() {
        return now().control.spendScope
      },
      spend: async (name, until) => (await ready).control.spend(name, until),
      revoke: async (request) => (await ready).control.revoke(request),
      claim: async (name, leaseMs) => (await ready).control.claim(name, leaseMs),
      release: async (name) => (await ready).control.release(name),
      ownerOf: (name) => now().control.ownerOf(name),
      nodes: () => now().control.nodes(),
      onChange: (listener) => later((log) => log.control.onChange(listener)),
    },
    get ready() {
      return opened?.ready ?? false
    },
    behind: (channel, position) => now().behind(channel, position),
    onEpoch: (listener) => later((log) => log.onEpoch(listener)),
    publish: async (request) => (await ready).publish(request),
    change: async (request) => (await ready).change(request),
    write: async (request) => (await ready).write(request),
    step: async (request) => (await ready).step(request),
    compact: async (request) => (await ready).compact(request),
    refuse: async (request) => (await ready).refuse(request),
    newest: (channel) => now().newest(channel),
    oldest: (channel) => now().oldest(channel),
    resume: (channel, position) => now().resume(channel, position),
    find: (channel, offset) => now().find(channel, offset),
    versions: (channel, offset) => now().versions(channel, offset),
    receipts: (channel, after, limit) => now().receipts(channel, after, limit),
    row: (channel, key) => now().row(channel, key),
    readRows: (channel, offset, limits, only) => now().readRows(channel, offset, limits, only),
    command: (channel, id) => now().command(channel, id),
    openCommands: (channel, offset, limit) => now().openCommands(channel, offset, limit),
    commandCounts: (channel) => now().commandCounts(channel),
    readAfter: (channel, offset, limits) => now().readAfter(channel, offset, limits),
    readBefore: (channel, offset, limits) => now().readBefore(channel, offset, limits),
    onApplied: (listener: (publications: readonly Publication[]) => void) => later((log) => log.onApplied(listener)),
    onFenced: (listener) => later((log) => log.onFenced(listener)),
    close: () =>
      ready.then(
        (log) => log.close(),
        () => {},
      ),
  }
}
