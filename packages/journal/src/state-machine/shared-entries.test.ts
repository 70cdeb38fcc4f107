import { toJsonText } from "@magpie/protocol"
import { seededRandom } from "@magpie/testing"
import { describe, expect, test } from "vitest"
import type { Entry, Origin } from "../entry.ts"
import { memoryStorage } from "../storage/memory-storage.ts"
import type { Applied } from "./applied.ts"
import { APPLY_VERSION, StateMachine } from "./state-machine.ts"

const HOUR = 3_600_000
const settings = (revision: number | undefined, deduplicationMs = HOUR): Entry => {
  return { type: "settings", at: 1, applyVersion: APPLY_VERSION, deduplicationMs, retention: {}, revision }
}
const epoch = (name: string, after: string | undefined): Entry => ({ type: "epoch", at: 1, epoch: name, reason: "lost", after })
const publish = (at: number, data: number): Entry => {
  return { type: "publish", at, channel: "c", pattern: "p", name: "n", data: toJsonText(data) }
}

/** A log as several nodes append it: with origins, repetitions and what lands late. */
function sharedLog(seed: string, length: number): [Entry, Origin][] {
  const random = seededRandom(seed)
  const counters = new Map<string, number>()
  const log: [Entry, Origin][] = []
  let at = 1_000_000
  const anyEntry = (): Entry => {
    const [name, owner] = [`t${random.integer(0, 3)}`, `n${random.integer(0, 3)}`]
    switch (random.integer(0, 9)) {
      case 0:
        return { type: "clock", at }
      case 1:
        return { type: "claim", at, name, owner, leaseMs: random.integer(1_000, 30_000) }
      case 2:
        return { type: "release", at, name, owner }
      case 3:
        return { type: "revoke", at, subject: name, issuedUntil: at, until: at + random.integer(0, 60_000) }
      case 7:
        return { type: "spend", at, name: `${name}${random.integer(0, 40)}`, until: at + random.integer(0, 60_000) }
      case 4:
        return { type: "node", at, name: owner, supports: 1 }
      case 5:
        return { type: "epoch", at, epoch: `e${random.integer(0, 9)}`, reason: "lost", after: random.pick(["", "e1", "e2"]) }
      case 6:
        return settings(random.integer(1, 5), random.integer(20_000, 90_000))
      default:
        return publish(at, random.integer(0, 9))
    }
  }
  while (log.length < length) {
    at += random.integer(-1_000, 4_000)
    const again = log[random.integer(0, Math.max(0, log.length - 1))]
    if (again !== undefined && random.integer(0, 4) === 0) {
      log.push(again)
      continue
    }
    const node = `node-${random.integer(0, 3)}-${Math.floor(log.length / 200)}`
    const counter = (counters.get(node) ?? 0) + random.integer(1, 2)
    counters.set(node, counter)
    log.push([anyEntry(), { node, counter }])
  }
  return log
}

async function replay(log: readonly (readonly [Entry, Origin])[], length: number, reopen: boolean): Promise<string> {
  const storage = memoryStorage()
  let machine = new StateMachine(storage)
  for (let index = 0; index < log.length; index += length) {
    const batch = log.slice(index, index + length)
    for (const [offset, [entry, origin]] of batch.entries()) machine.apply(entry, index + offset + 1, origin)
    await storage.commit(machine.endBatch(index + batch.length))
    machine.committed()
    if (reopen) machine = new StateMachine(storage)
  }
  const rows = Array.from(storage.range({ from: "", to: "\u{10ffff}" }), ({ key, value }) => `${key} ${value.join()}`)
  return [machine.stateHash(), ...rows].join("\n")
}

describe("the state machine, with entries of several nodes", () => {
  test("gives the same rows and hash however the log is cut into batches and restarted", async () => {
    for (const seed of ["a", "b", "c"]) {
      const log = sharedLog(seed, 800)
      const whole = await replay(log, 1_000, false)
      expect(await replay(log, 1, true)).toBe(whole)
      expect(await replay(log, 17, true)).toBe(whole)
      expect(await replay(log.slice(0, -1), 17, true)).not.toBe(whole)
    }
  })

  test("counts an epoch only right after the one that it names", () => {
    const machine = new StateMachine(memoryStorage())
    machine.apply(epoch("e1", ""))
    machine.apply(epoch("e2", ""))
    expect(machine.epoch).toBe("e1")
    machine.apply(epoch("e3", "e1"))
    machine.apply(epoch("e4", "e1"))
    expect([machine.epoch, ...machine.pastEpochs]).toEqual(["e3", "e1"])
    machine.apply(epoch("e5", undefined))
    expect(machine.epoch).toBe("e5")
  })

  test("counts settings only as the next, so that none lands late and undoes a newer one", () => {
    const machine = new StateMachine(memoryStorage())
    machine.apply(settings(1, 1_000))
    machine.apply(settings(2, 2_000))
    machine.apply(settings(2, 3_000))
    machine.apply(settings(1, 4_000))
    expect(machine.settings.deduplicationMs).toBe(2_000)
    expect(machine.nextRevision).toBe(3)
  })

  test("[G2] counts each of an origin's entries once and never behind a later one, for as long as sequences are remembered", async () => {
    const storage = memoryStorage()
    const machine = new StateMachine(storage)
    machine.apply(settings(undefined))
    const results = [1, 2, 2, 1, 4, 3].map((counter) => machine.apply(publish(HOUR, counter), 1, { node: "a", counter }).stale ?? false)
    expect(results).toEqual([false, false, true, true, false, true])
    const hash = machine.stateHash()
    machine.apply(publish(99 * HOUR, 1), 1, { node: "a", counter: 1 })
    expect(machine.stateHash()).toBe(hash)
    for (let hours = 2; hours <= 8; hours++) machine.apply({ type: "clock", at: hours * HOUR })
    await storage.commit(machine.endBatch(9))
    machine.committed()
    expect([...storage.range({ from: "o/", to: "o0" })]).toEqual([])
    expect([...storage.range({ from: "d/", to: "d0" })]).toEqual([])
  })

  test("[G10] forgets a revocation so long after it as it was meant to hold, however far the log's time is ahead", () => {
    const machine = new StateMachine(memoryStorage())
    const revoke = (until: number): Applied => machine.apply({ type: "revoke", at: HOUR, subject: "mallory", issuedUntil: HOUR, until })
    machine.apply({ ...settings(undefined), applyVersion: 1 } as Entry)
    machine.apply({ type: "clock", at: 9 * HOUR })
    // As nodes of an older Magpie have it: an end in the log's time, which may be past.
    expect(revoke(2 * HOUR)).toEqual({ refused: "past" })
    machine.apply(settings(undefined))
    expect(revoke(HOUR)).toEqual({ refused: "past" })
    const revoked = { type: "revoked", subject: "mallory", issuedUntil: HOUR, until: 10 * HOUR }
    expect(revoke(2 * HOUR)).toEqual({ changes: [revoked] })
    expect(revoke(2 * HOUR)).toEqual({})
    machine.apply({ type: "clock", at: 10 * HOUR })
    expect(revoke(2 * HOUR)).toEqual({ changes: [{ ...revoked, until: 11 * HOUR }] })
  })

  test("never lets its time go back", () => {
    const machine = new StateMachine(memoryStorage())
    const at = (time: number): number | undefined => machine.apply(publish(time, 1)).publication?.at
    expect([at(5_000), at(1_000), at(6_000)]).toEqual([5_000, 5_000, 6_000])
  })
})
