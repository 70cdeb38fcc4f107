import { isMagpieError, type Position, toJsonText } from "@magpie/protocol"
import fc from "fast-check"
import { expect, test } from "vitest"
import { MODEL_PATIENCE, modelRuns } from "../../../../tests/fuzz/model-runs.ts"
import type { Change, Entry, PublishEntry } from "../entry.ts"
import { History } from "../history.ts"
import { memoryStorage } from "../storage/memory-storage.ts"
import type { Applied } from "./applied.ts"
import { checkChannel } from "./check-channel.fixture.ts"
import { firstOffset } from "./reference-changes.fixture.ts"
import { emptyLog, follow, type ReferenceLog, resumeAnswer, same } from "./reference-log.fixture.ts"
import { APPLY_VERSION, StateMachine } from "./state-machine.ts"

type Command =
  | {
      readonly do: "publish"
      readonly who: Who
      readonly ahead: number
      readonly content: number
      readonly count: number
      readonly everyMs: number
    }
  /** Everything that a producer ever sent comes once more. */
  | { readonly do: "resend"; readonly who: Who }
  | { readonly do: "refuse"; readonly who: Who; readonly ahead: number }
  | { readonly do: "key"; readonly who: Who; readonly key: string; readonly content: number }
  | { readonly do: "plain"; readonly who: Who }
  | { readonly do: "clock"; readonly passMs: number }
  /** Time passes, and the last publish comes once more. */
  | { readonly do: "repeat"; readonly passMs: number }
  | { readonly do: "settings"; readonly windowMs: number; readonly maxCount: number; readonly maxAgeMs: number }
  | { readonly do: "change"; readonly who: Who; readonly count: number; readonly change: ChangeCommand }
  | { readonly do: "epoch" | "commit" | "discard" | "reopen" }

interface ChangeCommand {
  readonly how: "sequence" | "key" | "plain"
  readonly ahead: number
  /** Which message, from the newest on; a wrong mark names none. */
  readonly back: number
  readonly isMarked: boolean
  readonly act: "edit" | "append" | "delete" | "erase" | "react" | "unreact" | "read"
  readonly content: number
}

interface Who {
  readonly channel: string
  readonly pattern: string
  readonly producer: string
}

const who: fc.Arbitrary<Who> = fc.record({
  channel: fc.constantFrom("a", "b", "b/c"),
  pattern: fc.constantFrom("p", "p", "p", "q"),
  producer: fc.constantFrom("ada", "ada/1", "bob"),
})
/** Mostly the next number, else one of those before it or a gap. */
const ahead = fc.oneof({ weight: 4, arbitrary: fc.constant(1) }, { weight: 2, arbitrary: fc.integer({ min: -25, max: 3 }) })
const content = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.constant(1) })
/** Exactly as long as something is kept, a millisecond less, and much longer. */
const passMs = fc.oneof(
  fc.constantFrom(1_000, 10_000, 30_000, 50_000, 60_000, 100_000, 200_000).chain((ms) => fc.constantFrom(ms, ms - 1)),
  fc.constantFrom(-5_000, 0, 1, 150_000, 480_000, 1_000_000),
)

const changeCommand: fc.Arbitrary<ChangeCommand> = fc.record({
  how: fc.constantFrom("sequence" as const, "sequence" as const, "key" as const, "plain" as const),
  ahead,
  back: fc.constantFrom(0, 0, 1, 2, 5, 18),
  isMarked: fc.oneof({ weight: 9, arbitrary: fc.constant(true) }, { weight: 1, arbitrary: fc.constant(false) }),
  act: fc.constantFrom("edit" as const, "append", "append", "delete", "erase", "react", "react", "unreact", "read"),
  content: fc.integer({ min: 0, max: 3 }),
})

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant("publish" as const),
      who,
      ahead,
      content,
      count: fc.constantFrom(1, 1, 2, 15, 17, 33),
      everyMs: fc.constantFrom(0, 0, 1_500, 3_000),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("resend" as const), who }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("refuse" as const), who, ahead }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("key" as const), who, key: fc.constantFrom("k1", "k2"), content }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("plain" as const), who }) },
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("change" as const), who, count: fc.constantFrom(1, 1, 1, 3, 20), change: changeCommand }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom("clock" as const, "repeat" as const), passMs }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("settings" as const),
      windowMs: fc.constantFrom(10_000, 60_000, 100_000),
      maxCount: fc.constantFrom(1, 5, 20, 60),
      maxAgeMs: fc.constantFrom(1_000, 30_000, 200_000),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("commit" as const, "commit" as const, "commit" as const, "discard" as const, "reopen" as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("epoch" as const) }) },
)

const WINDOW_MS = 60_000
const LONG_MS = 10_000_000

/** A machine over a storage, and the reference that follows it; both as of the last commit and as they are now. */
class Run {
  readonly #storage = memoryStorage()
  #machine = new StateMachine(this.#storage)
  #log: ReferenceLog = emptyLog()
  #committed: ReferenceLog = emptyLog()
  #time = 1_000_000
  #epochs = 0
  #published: PublishEntry | undefined
  /** Since the last commit. */
  #batch: { readonly entry: Entry; readonly applied: Applied }[] = []
  readonly #history: { readonly entry: Entry; readonly applied: Applied }[] = []

  async begin(): Promise<void> {
    this.#epoch()
    this.#settle(WINDOW_MS, 20, 200_000)
    await this.commit()
  }

  async do(command: Command): Promise<void> {
    switch (command.do) {
      case "publish":
        for (let index = 0; index < command.count; index++) {
          this.#publish(command.who, this.#sequence(command.who, command.ahead), command.content)
          this.#time += command.everyMs
        }
        return
      case "resend":
        for (let sequence = this.#sequence(command.who, 1); sequence >= 1; sequence--) this.#publish(command.who, sequence, 0)
        return
      case "refuse": {
        const sequence = this.#sequence(command.who, command.ahead)
        return this.#apply({ type: "refused", ...this.#base(command.who), producer: command.who.producer, sequence, code: "FORBIDDEN" })
      }
      case "key":
        return this.#apply({
          type: "publish",
          ...this.#base(command.who),
          name: "say",
          data: toJsonText(command.content),
          key: command.key,
        })
      case "plain":
        return this.#apply({ type: "publish", ...this.#base(command.who), name: "say", data: toJsonText("plain"), from: "ada", ref: "r" })
      case "change":
        for (let index = 0; index < command.count; index++) this.#change(command.who, command.change)
        return
      case "clock":
        this.#time += command.passMs
        return this.#apply({ type: "clock", at: this.#time })
      case "repeat":
        this.#time += command.passMs
        this.#apply({ type: "clock", at: this.#time })
        if (this.#published !== undefined) this.#apply({ ...this.#published, at: this.#time })
        return
      case "settings":
        return this.#settle(command.windowMs, command.maxCount, command.maxAgeMs)
      case "epoch":
        return this.#epoch()
      case "commit":
        return this.commit()
      default:
        return this.#lose(command.do)
    }
  }

  async commit(): Promise<void> {
    this.#history.push(...this.#batch)
    this.#batch = []
    await this.#storage.commit(this.#machine.endBatch(this.#history.length))
    this.#machine.committed()
    this.#committed = structuredClone(this.#log)
    this.#checkReads()
  }

  /** However the log was cut and whatever was lost on the way, it leads where it leads when it is applied at once. */
  checkReplay(): void {
    const machine = new StateMachine(memoryStorage())
    for (const { entry, applied } of this.#history) same(machine.apply(entry), applied)
    expect(machine.stateHash()).toBe(this.#machine.stateHash())
  }

  /** When enough time has passed nothing is left but what each channel is, and the newcomers, which time does not take. */
  async checkNothingIsKept(): Promise<void> {
    this.#time += LONG_MS
    for (let entries = 0; entries < 100; entries++) {
      this.#apply({ type: "clock", at: this.#time })
      await this.commit()
      if (this.#machine.nextDueAt() === undefined) break
      this.#time = Math.max(this.#time, this.#machine.nextDueAt() ?? 0)
    }
    const rows = [...this.#storage.range({ from: "", to: "\u{10ffff}" })].map(({ key }) => key)
    expect(rows.filter((key) => !/^[cfg]\//.test(key))).toEqual([])
    expect(this.#machine.nextDueAt()).toBeUndefined()
  }

  #apply(entry: Entry): void {
    const applied = this.#machine.apply(entry)
    if (entry.type === "publish") this.#published = entry
    this.#batch.push({ entry, applied })
    follow(this.#log, entry, applied)
  }

  #publish(who: Who, sequence: number, content: number): void {
    this.#apply({
      type: "publish",
      ...this.#base(who),
      name: "say",
      data: toJsonText({ text: `${content}` }),
      producer: who.producer,
      sequence,
    })
  }

  #change(who: Who, { how, ahead, back, isMarked, act, content }: ChangeCommand): void {
    const sender =
      how === "sequence"
        ? { producer: who.producer, sequence: this.#sequence(who, ahead) }
        : { key: how === "key" ? `change/${content}` : undefined }
    const channel = this.#log.channels.get(who.channel)
    const offset = Math.max(1, channel?.messages.at(-1 - back)?.offset ?? (channel?.newest ?? 0) - back)
    const mark = isMarked ? Number.parseInt(channel?.marks.get(offset) ?? "0", 36) : 7
    const entry = { type: "change" as const, ...this.#base(who), from: who.producer, ...sender }
    this.#apply({ ...entry, change: changeOf({ act, offset, mark, content }) })
  }

  #settle(deduplicationMs: number, maxCount: number, maxAgeMs: number): void {
    const retention = { p: { maxCount, maxAgeMs }, q: { maxCount: 10, maxAgeMs: 50_000 } }
    this.#apply({ type: "settings", at: this.#time, applyVersion: APPLY_VERSION, deduplicationMs, retention })
  }

  #epoch(): void {
    this.#apply({ type: "epoch", at: this.#time, epoch: `e${++this.#epochs}`, reason: "restored" })
  }

  #base({ channel, pattern }: Who) {
    return { at: this.#time, channel, pattern }
  }

  #sequence({ channel, producer }: Who, ahead: number): number {
    return Math.max(1, (this.#log.channels.get(channel)?.producers.get(producer)?.last ?? 0) + ahead)
  }

  #lose(how: "discard" | "reopen"): void {
    this.#batch = []
    this.#log = structuredClone(this.#committed)
    if (how === "discard") this.#machine.discard()
    else this.#machine = new StateMachine(this.#storage)
  }

  /** What is durable is read without a hole, each message once and as it is now, and every position is answered. */
  #checkReads(): void {
    const history = new History(this.#storage, this.#log.epoch)
    for (const name of ["a", "b", "b/c"]) {
      const channel = this.#log.channels.get(name)
      const newest = channel?.newest ?? 0
      const mark = channel?.marks.get(newest)
      same(history.newest(name), { epoch: this.#log.epoch, offset: newest, ...(newest > 0 && { mark }) })
      const first = channel === undefined ? 1 : firstOffset(channel)
      if (channel !== undefined) checkChannel(history, name, channel)
      for (const offset of new Set([0, first - 2, first - 1, first, newest, newest + 1])) {
        if (offset >= 0) this.#checkPosition(history, name, offset, first)
      }
    }
  }

  #checkPosition(history: History, name: string, offset: number, first: number): void {
    const mark = this.#log.channels.get(name)?.marks.get(offset)
    const epoch = this.#log.epoch
    const positions: Position[] = [
      { epoch, offset },
      { epoch, offset, mark },
      { epoch, offset, mark: "other" },
      { epoch: "e0", offset },
    ]
    for (const position of positions) {
      const answer = history.resume(name, position)
      const expected = resumeAnswer(this.#log, name, position)
      if (expected === "recovered") same(answer, { answer: "recovered", position })
      else same(answer, { answer: "unrecoverable", reason: expected, position: history.newest(name) })
    }
    const page = { maxCount: 3, maxBytes: 1_000_000 }
    if (offset + 1 >= first) return expect(history.readAfter(name, offset, page).publications.length).toBeLessThanOrEqual(3)
    expect(refusalOf(() => history.readAfter(name, offset, page))).toMatchObject({ from: offset + 1, to: first - 1 })
  }
}

function changeOf({ act, offset, mark, content }: { act: ChangeCommand["act"]; offset: number; mark: number; content: number }): Change {
  switch (act) {
    case "edit":
      return { action: "edit", offset, mark, data: toJsonText(content === 0 ? "none" : { text: `edit ${content}` }), keep: content }
    case "append":
      return { action: "append", offset, mark, field: "text", data: toJsonText(`+${content}`), maxBytes: 60 }
    case "delete":
    case "erase":
      return { action: "delete", offset, mark, erase: act === "erase", keep: content }
    case "react":
    case "unreact":
      return { action: act, offset, mark, reaction: ["👍", "🎉"][content % 2] as string, most: 3 }
    case "read":
      return { action: "read", offset: offset + content, most: 2 }
  }
}

function refusalOf(action: () => unknown): unknown {
  try {
    action()
  } catch (thrown) {
    return isMagpieError(thrown) && thrown.code === "UNRECOVERABLE" ? thrown.details : thrown
  }
  return undefined
}

test(
  "[G1] [G2] [G3] [G4] does what the reference allows, whatever is published, refused, forgotten, discarded and restarted",
  MODEL_PATIENCE,
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60, size: "max" }), async (commands) => {
        const run = new Run()
        await run.begin()
        for (const each of commands) await run.do(each)
        await run.commit()
        run.checkReplay()
        await run.checkNothingIsKept()
      }),
      modelRuns(),
    )
  },
)
