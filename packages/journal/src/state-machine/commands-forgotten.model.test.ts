import { isFinal, toJsonText } from "@magpie/protocol"
import fc from "fast-check"
import { expect, test } from "vitest"
import type { CommandStep } from "../entry.ts"
import { decodeChannelRow } from "../rows/channel-row.ts"
import { decodeCommandRow } from "../rows/command-row.ts"
import { channelKey, readDeadlineKey, rowDeadline } from "../rows/keys.ts"
import { decodeText } from "../rows/system-rows.ts"
import { type MemoryStorage, memoryStorage } from "../storage/memory-storage.ts"
import { APPLY_VERSION, StateMachine } from "./state-machine.ts"

const CHANNEL = "device/7"
const CHANNEL_ID = 1
const EVERYTHING = { from: "", to: "\u{10ffff}" }
const FORGET_MS = 40

const id: fc.Arbitrary<string> = fc.constantFrom("a", "b", "c", "d", "e", "f")
const action = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("call" as const), id, keep: fc.nat(3), deadlineMs: fc.constantFrom(0, 30) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("report" as const), id, state: fc.constantFrom("started", "progress", "done") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("cancel" as const), id }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("time" as const), ms: fc.integer({ min: 1, max: 25 }) }) },
)

/** The ids under each kind of row, each in its order. */
function rowsOf(storage: MemoryStorage) {
  const rows = [...storage.range(EVERYTHING)]
  const of = (kind: string) => rows.filter(({ key }) => key.startsWith(kind))
  const commands = of("y/").map(({ value }) => decodeCommandRow(value))
  const deadlines = of("d/").map(({ key }) => readDeadlineKey(key))
  const channel = storage.get(channelKey(CHANNEL))
  return {
    ids: of("y/").map(({ key }) => key.slice(`y/${rowDeadline(CHANNEL_ID, "")}`.length)),
    commands,
    open: of("z/").map(({ value }) => decodeText(value)),
    ended: of("h/").map(({ value }) => decodeText(value)),
    deadlines: deadlines.filter(({ kind }) => kind === "y"),
    counts: channel && decodeChannelRow(channel).commands,
  }
}

test("[G11] whatever is forgotten, by time or for others, nothing is left of it and nothing else is missing", {
  timeout: 120_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 1, maxLength: 60 }), async (actions) => {
      const storage = memoryStorage()
      const machine = new StateMachine(storage)
      let [now, position] = [1_000, 0]
      machine.apply({ type: "epoch", at: 1, epoch: "e", reason: "created" })
      machine.apply({ type: "settings", at: 1, applyVersion: APPLY_VERSION, deduplicationMs: FORGET_MS, retention: {} })

      const step = (its: CommandStep): void =>
        void machine.apply({ type: "command", at: now, channel: CHANNEL, pattern: "d", from: "ada", step: its })

      function act(its: typeof action extends fc.Arbitrary<infer A> ? A : never): void {
        const data = toJsonText(1)
        if (its.do === "call") {
          step({ action: "call", id: its.id, name: "turn", data, deadlineMs: its.deadlineMs, reportMs: 10, most: 100, keep: its.keep })
        } else if (its.do === "report") {
          step({ action: "report", id: its.id, state: its.state as "done", fence: 1, data, most: 3 })
        } else if (its.do === "cancel") step({ action: "cancel", id: its.id, anybody: false })
        else {
          now += its.ms
          machine.apply({ type: "clock", at: now })
        }
      }

      step({ action: "serve" })
      for (const its of actions) {
        act(its)
        await storage.commit(machine.endBatch(++position))
        machine.committed()
        const { ids, commands, open, ended, deadlines, counts } = rowsOf(storage)
        expect([...open, ...ended].sort()).toEqual(ids)
        expect(deadlines.map(({ name }) => name).sort()).toEqual(ids.map((its) => rowDeadline(CHANNEL_ID, its)))
        expect(commands.filter(({ state }) => !isFinal(state))).toHaveLength(open.length)
        expect(counts?.open).toBe(open.length)
        expect(counts?.forgotten).toBeLessThanOrEqual(counts?.ended ?? 0)
      }
      // One after the other they bring it down to the cap.
      for (let number = 0; number < 80; number++) act({ do: "call", id: `last-${number}`, keep: 2, deadlineMs: 0 })
      await storage.commit(machine.endBatch(++position))
      machine.committed()
      expect(rowsOf(storage).ended).toEqual(["last-78", "last-79"])
      expect(new StateMachine(storage).stateHash()).toBe(machine.stateHash())
    }),
    { numRuns: 300 },
  )
})
