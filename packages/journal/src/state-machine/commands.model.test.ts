import { isFinal, toJsonText } from "@magpie/protocol"
import fc from "fast-check"
import { expect, test } from "vitest"
import type { CommandStep } from "../entry.ts"
import { History } from "../history.ts"
import { memoryStorage } from "../storage/memory-storage.ts"
import { APPLY_VERSION, StateMachine } from "./state-machine.ts"

const CHANNEL = "device/7"
const IDS = ["a", "b"]
const STATES = ["delivered", "started", "progress", "done", "failed", "expired", "cancelled", "indeterminate"] as const
const DEADLINE_MS = 60
const REPORT_MS = 20

type Action =
  | { readonly do: "call"; readonly id: string; readonly deadlineMs: number; readonly runner: boolean }
  | { readonly do: "cancel"; readonly id: string }
  | { readonly do: "serve"; readonly back: boolean; readonly device: number }
  | { readonly do: "leave"; readonly device: number }
  | { readonly do: "report"; readonly id: string; readonly state: (typeof STATES)[number]; readonly device: number }
  | { readonly do: "time"; readonly ms: number; readonly isTold: boolean }
  | { readonly do: "commit" }

const id = fc.constantFrom(...IDS)
const device = fc.integer({ min: 0, max: 1 })
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("call" as const), id, deadlineMs: fc.constantFrom(0, 10, DEADLINE_MS), runner: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), id }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("serve" as const), back: fc.boolean(), device }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), device }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("report" as const),
      id,
      state: fc.constantFrom("started", "started", "started", "started", ...STATES),
      device,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.integer({ min: 1, max: 15 }), isTold: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("commit" as const) }) },
)

/** What is known of a command from outside, by the steps that the ledger took. */
interface Life {
  readonly deadline: number
  begun: number
  ends: string[]
}

test("[G9] whatever is said in any order: begun at most once and before the deadline, by whoever serves, and ended once", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 60 }), async (actions) => {
      const storage = memoryStorage()
      const machine = new StateMachine(storage)
      let [now, position] = [1_000, 0]
      let fence = 0
      const fences = [0, 1e6]
      const lives = new Map<string, Life>()
      machine.apply({ type: "epoch", at: 1, epoch: "e", reason: "created" })
      machine.apply({ type: "settings", at: 1, applyVersion: APPLY_VERSION, deduplicationMs: 1e9, retention: {} })

      /** Whether it was stored now. */
      function step(its: CommandStep): number | undefined {
        const { outcome } = machine.apply({ type: "command", at: now, channel: CHANNEL, pattern: "d", from: "ada", step: its })
        return outcome?.result === "stored" ? outcome.position.offset : undefined
      }

      function end(command: string, state: string): void {
        lives.get(command)?.ends.push(state)
      }

      /** What the ledger says came of time. */
      function clock(): void {
        for (const { data } of machine.apply({ type: "clock", at: now }).expired ?? []) {
          const { command, state } = JSON.parse(data) as { readonly command: string; readonly state: string }
          const life = lives.get(command)
          expect(state).toBe(life?.begun === 0 ? "expired" : "indeterminate")
          expect(now).toBeGreaterThanOrEqual((life?.deadline ?? 0) + (life?.begun === 0 ? 0 : REPORT_MS))
          end(command, state)
        }
      }

      async function commit(): Promise<void> {
        await storage.commit(machine.endBatch(++position))
        machine.committed()
      }

      function act(its: Action): void {
        if (its.do === "call") {
          const { deadlineMs, runner } = its
          const base = { action: "call", id: its.id, name: "turn", data: toJsonText(1), reportMs: REPORT_MS, most: 10, keep: 10 } as const
          if (step({ ...base, deadlineMs, runner: runner ? "s" : undefined }) === undefined) return
          expect(lives.has(its.id)).toBe(false)
          const isBegun = runner && deadlineMs > 0
          lives.set(its.id, { deadline: now + deadlineMs, begun: isBegun ? 1 : 0, ends: deadlineMs === 0 ? ["expired"] : [] })
        } else if (its.do === "cancel") {
          const life = lives.get(its.id)
          if (step({ action: "cancel", id: its.id, anybody: false }) !== undefined && life?.begun === 0) end(its.id, "cancelled")
        } else if (its.do === "serve") {
          const taken = step({ action: "serve", ...(its.back ? { fence: fences[its.device] } : undefined) })
          if (its.back) return expect(taken !== undefined).toBe(fences[its.device] === fence)
          fence = fences[its.device] = taken ?? 0
        } else if (its.do === "leave") {
          if (step({ action: "leave", fence: fences[its.device] ?? 0 }) !== undefined) expect(fences[its.device]).toBe(fence)
        } else if (its.do === "report") {
          const life = lives.get(its.id)
          const data = its.state === "progress" ? toJsonText(1) : undefined
          if (step({ action: "report", id: its.id, state: its.state, fence: fences[its.device], data, most: 3 }) === undefined) return
          expect(fences[its.device]).toBe(fence)
          expect(life?.ends).toEqual([])
          if (its.state === "started" && life !== undefined) {
            life.begun++
            expect(now).toBeLessThan(life.deadline)
          }
          if (isFinal(its.state)) end(its.id, its.state)
        }
      }

      act({ do: "serve", back: false, device: 0 })
      for (const its of actions) {
        if (its.do === "time") {
          now += its.ms
          if (its.isTold) clock()
        } else if (its.do === "commit") await commit()
        else act(its)
      }
      now += 10_000
      clock()
      await commit()
      const history = new History(storage, "e")
      for (const [command, { begun, ends }] of lives) {
        expect(begun).toBeLessThanOrEqual(1)
        expect(ends).toHaveLength(1)
        expect(history.command(CHANNEL, command)?.state).toBe(ends[0])
      }
      expect([history.commandCounts(CHANNEL).open, history.openCommands(CHANNEL, 0, 10)]).toEqual([0, []])
      // Another machine that goes on from the rows has the same hash.
      expect(new StateMachine(storage).stateHash()).toBe(machine.stateHash())
    }),
    { numRuns: 500 },
  )
})
