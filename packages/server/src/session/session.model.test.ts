import { memoryStorage } from "@magpie/journal"
import { broadcast, contract, stream } from "@magpie/protocol"
import { createTestBed, type Reply, type TestBed } from "@magpie/testing"
import fc from "fast-check"
import { expect, test } from "vitest"
import { z } from "zod"
import { MODEL_PATIENCE, modelRuns } from "../../../../tests/fuzz/model-runs.ts"
import type { Authenticator, User } from "../access/identity.ts"
import { type Asked, INSIDER, type Observer, observe, offsetOf, SECRET } from "./observer.fixture.ts"

const say = z.object({ text: z.string() })
const app = contract({ "chat/:room": stream({ messages: { say } }), "typing/:room": broadcast({ messages: { say } }) })

/** A token is its user's name; `bad…` is nobody's. */
const auth: Authenticator<User> = {
  authenticate: ({ token }) => (token === undefined || token.startsWith("bad") ? undefined : { user: { id: token } }),
}
const rule = {
  authorize: ({ user, channel }: { user: User | undefined; channel: string }) => channel !== SECRET || user?.id === INSIDER,
}

const CHANNELS = ["chat/a", "chat/a", "chat/a", "chat/a", "chat/b", SECRET, SECRET, "typing/a", "typing/a", "nowhere", "chat//x"]
const STREAMS = ["chat/a", "chat/b", SECRET]
const GARBAGE = [
  "",
  "{",
  "[]",
  "null",
  '{"type":"shout"}',
  '{"type":"ping","id":-1}',
  '{"type":"hello","version":1}',
  '{"type":"ping","type":"ping"}',
]

interface Where {
  readonly slot: number
  readonly channel: string
}

type Command =
  | { readonly do: "hello"; readonly slot: number; readonly token: string; readonly resume: boolean }
  | { readonly do: "subscribe"; readonly where: Where; readonly from: "now" | "last" | "start" | "behind" | "beyond" | "elsewhere" }
  | { readonly do: "unsubscribe"; readonly where: Where }
  | { readonly do: "publish"; readonly where: Where; readonly number: "next" | "again" | "gap" | "none"; readonly wrong: boolean }
  | { readonly do: "history"; readonly where: Where; readonly after: number | undefined; readonly limit: number }
  | { readonly do: "token"; readonly slot: number; readonly token: string }
  | { readonly do: "ping"; readonly where: Where }
  | { readonly do: "garbage"; readonly slot: number; readonly frame: string }
  | { readonly do: "close"; readonly slot: number }
  | { readonly do: "open"; readonly slot: number; readonly token: string; readonly resume: boolean }
  | { readonly do: "reset" }
  | { readonly do: "pass"; readonly ms: number }

const slot = fc.constantFrom(0, 0, 1)
const where: fc.Arbitrary<Where> = fc.record({ slot, channel: fc.constantFrom(...CHANNELS) })
const token = fc.constantFrom(INSIDER, INSIDER, "bob", "bad")
const just = <const T>(value: T) => fc.constant(value)

const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: just("hello"), slot, token, resume: fc.boolean() }) },
  {
    weight: 8,
    arbitrary: fc.record({
      do: just("subscribe"),
      where,
      from: fc.constantFrom("now", "now", "last", "start", "behind", "beyond", "elsewhere"),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: just("unsubscribe"), where }) },
  {
    weight: 14,
    arbitrary: fc.record({
      do: just("publish"),
      where,
      number: fc.constantFrom("next", "next", "next", "again", "gap", "none"),
      wrong: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: just("history"), where, after: fc.option(fc.nat(5), { nil: undefined }), limit: fc.constantFrom(1, 3, 50) }),
  },
  { weight: 2, arbitrary: fc.record({ do: just("token"), slot, token }) },
  { weight: 2, arbitrary: fc.record({ do: just("ping"), where }) },
  { weight: 2, arbitrary: fc.record({ do: just("garbage"), slot, frame: fc.constantFrom(...GARBAGE) }) },
  { weight: 1, arbitrary: fc.record({ do: just("close"), slot }) },
  { weight: 4, arbitrary: fc.record({ do: just("open"), slot, token, resume: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: just("reset") }) },
  { weight: 10, arbitrary: fc.record({ do: just("pass"), ms: fc.constantFrom(0, 1, 4, 50) }) },
)

/** Two places from which connections are made, one after the other, and everything that was ever said on them. */
class Run {
  readonly #bed: TestBed<typeof app, User>
  readonly #all: Observer[] = []
  readonly #slots: Observer[] = []
  readonly #sessions: (string | undefined)[] = []
  /** What each text was sent as; a repetition has the text of the first. */
  readonly #sent = new Map<string, { readonly channel: string; readonly sequence: number | undefined }>()
  readonly #last = new Map<
    number,
    { readonly producer: string; readonly channel: string; readonly text: string; readonly message: object }
  >()
  #ids = 0

  constructor(bed: TestBed<typeof app, User>) {
    this.#bed = bed
    for (const index of [0, 1]) this.#open(index)
    this.#hello(0, INSIDER, false)
  }

  async do(command: Command): Promise<void> {
    if (command.do === "pass") await this.#bed.clock.advance(command.ms)
    else if (command.do === "reset") this.#bed.network.reset()
    else if (command.do === "open") {
      if (this.#open(command.slot)) this.#hello(command.slot, command.token, command.resume)
    } else if (command.do === "close") this.#at(command.slot).raw.close()
    else if (command.do === "garbage") this.#at(command.slot).raw.sendFrame(command.frame)
    else if (command.do === "hello") this.#hello(command.slot, command.token, command.resume)
    else if (command.do === "token") this.#ask(command.slot, { type: "token" }, { token: command.token })
    else if (command.do === "unsubscribe") this.#ask(command.where.slot, { type: "unsubscribe", channel: command.where.channel })
    else if (command.do === "ping") this.#ask(command.where.slot, { type: "ping" }, { positions: { [command.where.channel]: 0 } })
    else if (command.do === "history") {
      const { where, after, limit } = command
      this.#ask(where.slot, { type: "history", channel: where.channel }, { limit, ...(after !== undefined && { after }) })
    } else if (command.do === "subscribe") this.#subscribe(command.where, command.from)
    else this.#publish(command.where, command.number, command.wrong)
    for (const observer of this.#all) observer.look()
  }

  /** When everything has come to rest: each request has its answer, and the log holds what was acknowledged, once. */
  async check(): Promise<void> {
    await this.#bed.clock.advance(1_000)
    for (const observer of this.#all) {
      observer.look()
      const waiting = [...observer.asked.keys()].filter((id) => !observer.answers.has(id))
      if (observer.raw.closedWith === undefined) expect(waiting, "every request is answered").toEqual([])
    }
    for (const channel of STREAMS) await this.#checkLog(channel)
    expect(this.#bed.env.lines.filter(({ level }) => level === "error")).toEqual([])
    await this.#bed.close()
    expect(this.#bed.clock.pendingTimers).toBe(0)
  }

  async #checkLog(channel: string): Promise<void> {
    const reader = this.#bed.raw()
    reader.send({ type: "hello", version: 1, token: INSIDER })
    reader.send({ type: "history", id: 1, channel, after: 0, limit: 200 })
    await this.#bed.clock.advance(10)
    const page = reader.reply(1)?.messages as { offset: number; name: string; data: { text: string }; ref: string; from: string }[]
    const texts = page.map(({ data }) => data.text)
    expect(new Set(texts).size, "no text is stored twice").toBe(texts.length)
    expect(page.map(({ offset }) => offset)).toEqual(page.map((_, index) => index + 1))
    for (const observer of this.#all) this.#checkAgainst(observer, channel, page)
    // Nobody's own order is turned around.
    for (const producer of new Set(page.map(({ ref }) => ref))) {
      const sequences = page.filter(({ ref }) => ref === producer).flatMap(({ data }) => this.#sent.get(data.text)?.sequence ?? [])
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b))
    }
    if (channel === SECRET) expect(new Set(page.map(({ from }) => from)).size, "only one is in there").toBeLessThanOrEqual(1)
    reader.close()
  }

  #checkAgainst(
    observer: Observer,
    channel: string,
    page: readonly { offset: number; name: string; data: { text: string }; ref: string }[],
  ): void {
    for (const [id, reply] of observer.answers) {
      const { text, channel: on } = observer.asked.get(id) as Asked
      // A wrong message under a number that stands for another one already is answered as that one.
      if (on !== channel || text === undefined || !this.#sent.has(text)) continue
      const stored = page.find(({ data }) => data.text === text)
      if (reply.type === "published") expect(stored?.offset, "what was acknowledged is where the answer said").toBe(offsetOf(reply))
      else if (reply.code === "FORBIDDEN" || reply.code === "BAD_REQUEST") expect(stored, "what was refused is not there").toBeUndefined()
    }
    for (const { offset, name, data, ref } of page) {
      const heard = observer.delivered.get(`${channel} ${offset}`)
      if (heard !== undefined) expect(heard).toBe(JSON.stringify([name, data, ref]))
    }
  }

  #at(slot: number): Observer {
    return this.#slots[slot] as Observer
  }

  /** Whether the place was free. */
  #open(slot: number): boolean {
    if (this.#slots[slot] !== undefined && this.#at(slot).raw.closedWith === undefined) return false
    const observer = observe(this.#bed.raw())
    this.#slots[slot] = observer
    this.#all.push(observer)
    return true
  }

  #hello(slot: number, token: string, resume: boolean): void {
    const { raw, welcome } = this.#at(slot)
    if (typeof welcome?.session === "string") this.#sessions[slot] = welcome.session
    const session = resume ? this.#sessions[slot] : undefined
    raw.send({ type: "hello", version: 1, token, producer: `producer-${slot}`, ...(session !== undefined && { session }) })
  }

  #ask(slot: number, asked: Omit<Asked, "id">, fields: object = {}): void {
    const { raw, asked: known } = this.#at(slot)
    const id = ++this.#ids
    known.set(id, { id, ...asked })
    const { text: _text, ...message } = asked
    raw.send({ ...message, ...fields, id })
  }

  #subscribe({ slot, channel }: Where, from: Extract<Command, { do: "subscribe" }>["from"]): void {
    const known = [...this.#at(slot).answers.values()].findLast(({ type, channel: on }) => type === "subscribed" && on === channel)
    const position = known?.position as { epoch: string; offset: number; mark?: string } | undefined
    const fields = {
      now: {},
      last: { last: 3 },
      start: position === undefined ? {} : { position: { epoch: position.epoch, offset: 0 } },
      behind: position === undefined ? {} : { position },
      beyond: position === undefined ? {} : { position: { epoch: position.epoch, offset: position.offset + 1_000 } },
      elsewhere: { position: { epoch: "elsewhere", offset: 1 } },
    }[from]
    this.#ask(slot, { type: "subscribe", channel }, fields)
  }

  #publish({ slot, channel }: Where, number: Extract<Command, { do: "publish" }>["number"], wrong: boolean): void {
    if (number === "again") {
      const last = this.#last.get(slot)
      // Whoever has another producer meanwhile has not sent it, and who has none yet will have another.
      if (last === undefined || this.#at(slot).welcome === undefined || last.producer !== producerOf(this.#at(slot))) return
      return this.#ask(slot, { type: "publish", channel: last.channel, text: last.text }, last.message)
    }
    const ref = producerOf(this.#at(slot))
    const text = `text ${this.#ids}`
    const sequence = number === "none" ? undefined : this.#acknowledged(ref, channel) + (number === "gap" ? 3 : 1)
    const message = {
      type: "publish",
      channel,
      name: "say",
      ref,
      data: wrong ? { text: 7 } : { text },
      ...(sequence !== undefined && { sequence }),
    }
    if (!wrong) this.#sent.set(text, { channel, sequence })
    if (!wrong && sequence !== undefined && this.#at(slot).welcome !== undefined)
      this.#last.set(slot, { producer: ref, channel, text, message })
    this.#ask(slot, { type: "publish", channel, text }, message)
  }

  /** How many numbers the producer knows to be used up on the channel. */
  #acknowledged(producer: string, channel: string): number {
    let used = 0
    for (const observer of this.#all) {
      const { answers, asked } = observer
      if (producerOf(observer) !== producer) continue
      for (const [id, reply] of answers) {
        if (asked.get(id)?.channel !== channel || asked.get(id)?.type !== "publish") continue
        if (reply.type === "published" && this.#sent.get(asked.get(id)?.text ?? "")?.sequence !== undefined) used++
        else if ((reply as Reply & { details?: { sequence?: string } }).details?.sequence === "used") used++
      }
    }
    return used
  }
}

/** Whose numbers a connection counts: every user has producers of their own. */
function producerOf({ welcome }: Observer): string {
  return `${welcome?.user}/${welcome?.producer}`
}

test(
  "[G2] [G3] [G4] [G10] answers each request once and delivers what is subscribed, whatever two connections say in whatever order",
  MODEL_PATIENCE,
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 80, size: "max" }), async (commands) => {
        const rules = { "chat/:room": rule, "typing/:room": rule }
        // Acknowledgements come a little later than the requests, so that much can happen in between.
        const run = new Run(await createTestBed(app, { auth, rules, storage: (env) => memoryStorage({ env, commitDelayMs: 3 }) }))
        for (const each of commands) await run.do(each)
        await run.check()
      }),
      modelRuns(),
    )
  },
)
