import { describe, expect, test } from "vitest"
import { datas } from "./shared-log-bed.ts"
import { CHANNELS, NAMES, play, type Run } from "./shared-log-run.ts"

function check({ bed, acked, rollbacks }: Run): void {
  const log = bed.log("a")
  for (const channel of CHANNELS) {
    const all = datas(log, channel)
    expect(new Set(all).size).toBe(all.length)
    for (const name of NAMES) expect(datas(bed.log(name), channel)).toEqual(all)
    const { epoch } = log.newest(channel)
    const answers = acked.filter((one) => one.channel === channel)
    for (const { data, offset, epoch: told } of answers) {
      // What was acknowledged in an older epoch may have gone with it; its publisher's position says so.
      if (told === epoch || rollbacks === 0) expect(all[offset - 1]).toBe(data)
      else expect(log.resume(channel, { epoch: told, offset })).toMatchObject({ answer: "unrecoverable", reason: "epoch" })
    }
  }
}

/** Of one fence nobody may say that two own it, and of one ticket nobody that it was spent for the first time twice. */
function checkOwners({ owners: { said, spent } }: Run): void {
  const owners = new Map<string, string>()
  for (const { thing, owner, fence } of said) {
    const place = `${fence.epoch} ${fence.position}`
    const first = owners.get(place) ?? `${owner} of ${thing}`
    owners.set(place, first)
    expect(`${owner} of ${thing}`).toBe(first)
  }
  expect(new Set(spent).size).toBe(spent.length)
}

/** Whoever does not know the rules says so, and no node ever finds that its state is not that of the others. */
function checkRefusals({ refusals }: Run): void {
  for (const { code, supports, applyVersion } of refusals) {
    expect(code).toBe("INVALID_OPTIONS")
    expect(applyVersion).toBeGreaterThan(supports)
  }
}

const seeds = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, index) => `shared-${from + index}`)

describe("three nodes over a journal with faults", () => {
  for (const seed of seeds(1, 12)) {
    test(`[G1] [G2] [G3] have equal states and every acknowledged publish once (${seed})`, async () => {
      const run = await play({ seed, rollbacks: false, snapshots: Number(seed.at(-1)) % 2 === 0 })
      await run.bed.agreed()
      check(run)
      await run.bed.close()
      expect(run.bed.env.clock.pendingTimers).toBe(0)
    })
  }

  // 2452: a snapshot of what was lost was taken for the newest again and again.
  for (const seed of [...seeds(101, 112), "shared-2452"]) {
    test(`[F70] tell every publisher of what the journal lost by a new epoch (${seed})`, async () => {
      const run = await play({ seed, rollbacks: true, snapshots: Number(seed.at(-1)) % 2 === 0 })
      await run.bed.agreed()
      check(run)
      await run.bed.close()
      expect(run.bed.env.clock.pendingTimers).toBe(0)
    })
  }
})

const MIXED = 12

describe("three nodes of different versions over a journal with faults", () => {
  for (const rollbacks of [false, true]) {
    const first = rollbacks ? 301 : 201
    test(`[G1] [F85] stay in one state, one owner to a fence, and the one that cannot follow says so and stops (${MIXED} seeds from shared-${first})`, {
      timeout: 120_000,
    }, async () => {
      const reached = { refusals: 0, owned: 0, spent: 0, tooNew: 0 }
      for (const seed of seeds(first, first + MIXED - 1)) {
        const run = await play({ seed, rollbacks, snapshots: Number(seed.at(-1)) % 2 === 0, mixed: true })
        await run.bed.agreed()
        check(run)
        checkOwners(run)
        checkRefusals(run)
        reached.refusals += run.refusals.length
        reached.owned += new Set(run.owners.said.map(({ fence }) => fence.position)).size
        reached.spent += run.owners.spent.length
        reached.tooNew += run.owners.refused.get("UNAVAILABLE") ?? 0
        await run.bed.close()
        expect(run.bed.env.clock.pendingTimers).toBe(0)
      }
      for (const times of Object.values(reached)) expect(times).toBeGreaterThan(4)
    })
  }
})
