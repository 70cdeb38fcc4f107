import fc from "fast-check"
import { expect, test } from "vitest"
import { MODEL_PATIENCE, modelRuns } from "../../../../tests/fuzz/model-runs.ts"
import { watch } from "../client-under-test.fixture.ts"
import type { Decision } from "../outbox/model-server.fixture.ts"
import { type Life, machineWithLives } from "./lives.fixture.ts"

type Command =
  | { readonly do: "send"; readonly channel: string; readonly count: number }
  | { readonly do: "answer"; readonly count: number; readonly decision: Decision }
  | { readonly do: "abort"; readonly back: number }
  | { readonly do: "cut" | "kill" | "close" | "notice" | "steal" | "fill the disk" | "free the disk" | "slow the disk" }
  | { readonly do: "pass"; readonly ms: number }

const DECISIONS: readonly Decision[] = ["store", "store", "store and lose the link", "store and fail", "fail", "refuse", "limit"]

const just = <const T>(value: T) => fc.constant(value)
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: just("send"),
      channel: fc.constantFrom("chat/lobby", "chat/lobby", "chat/other"),
      count: fc.constantFrom(1, 1, 2, 5),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({ do: just("answer"), count: fc.constantFrom(1, 1, 2, 5, 500), decision: fc.constantFrom(...DECISIONS) }),
  },
  { weight: 1, arbitrary: fc.record({ do: just("abort"), back: fc.nat(5) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constantFrom("cut", "kill", "kill", "kill", "close", "notice") }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("steal", "fill the disk", "free the disk", "free the disk", "slow the disk") }) },
  { weight: 10, arbitrary: fc.record({ do: just("pass"), ms: fc.constantFrom(0, 1, 5, 10, 30, 300, 2_000, 20_000) }) },
)

interface Sent {
  readonly text: string
  readonly channel: string
  readonly seen: ReturnType<typeof watch<{ readonly position: { readonly offset: number } }>>
  readonly stop: AbortController
}

const ROUNDS = 400
/** What a write takes, in milliseconds; a slow one outlasts links. */
const FAST_MS = 20
const SLOW_MS = 4_000

function run(seed: number) {
  const world = machineWithLives({ seed })
  const sent: Sent[] = []
  /** What was on the disk when its life ended: from then on it is owed. */
  const owed = new Set<string>()
  const lives: Life[] = [world.begin()]

  function send(channel: string): void {
    const text = `m${sent.length}`
    const stop = new AbortController()
    const promise = lives
      .at(-1)
      ?.client.channel(channel as "chat/lobby")
      .send("say", { text }, { signal: stop.signal })
    if (promise) sent.push({ text, channel, seen: watch(promise), stop })
  }

  function owe(): void {
    for (const [, row] of world.disk.rows()) {
      const { message } = row as { readonly message?: { readonly data: { readonly text: string } } }
      if (message) owed.add(message.data.text)
    }
  }

  async function step(command: Command): Promise<void> {
    if (command.do === "send") for (let left = command.count; left > 0; left--) send(command.channel)
    else if (command.do === "answer") world.server.answer(command.count, command.decision)
    else if (command.do === "abort") sent.at(-1 - command.back)?.stop.abort()
    else if (command.do === "pass") await world.clock.advance(command.ms)
    else if (command.do === "kill") {
      lives.at(-1)?.kill()
      owe()
      lives.push(world.begin())
    } else if (command.do === "close") {
      let closed = false
      void lives
        .at(-1)
        ?.client.close()
        .then(() => {
          closed = true
        })
      await world.clock.until(() => closed)
      owe()
      lives.push(world.begin())
    } else if (command.do === "fill the disk") world.disk.room = false
    else if (command.do === "slow the disk") world.disk.maxDelayMs = SLOW_MS
    else if (command.do === "free the disk") free()
    else world[command.do]()
  }

  function free(): void {
    world.disk.room = true
    world.disk.maxDelayMs = FAST_MS
  }

  /** The network is well again, the disk has room, and the server stores what comes. */
  async function heal(): Promise<void> {
    free()
    const last = lives.at(-1)
    for (let round = 0; round < ROUNDS && (round < 30 || (last?.outbox.messages.length ?? 0) > 0); round++) {
      await world.clock.advance(1_000)
      world.server.answer(world.server.waiting, "store")
    }
    await world.clock.settle()
  }

  return { ...world, sent, owed, lives, step, heal }
}

type Did = (what: Command["do"]) => boolean

/** What a sender is told who cannot know whether the message was stored, and what must have happened for that. */
const UNKNOWN: Readonly<Record<string, (did: Did) => boolean>> = {
  CONFLICT: (did) => did("steal"),
  ABORTED: (did) => did("abort"),
  LIMIT_EXCEEDED: (did) => did("fill the disk"),
  CLOSED: (did) => did("close"),
  // It was kept with its number together with the refusal of what was in front of it, and its page died before it left.
  EXPIRED: (did) => did("fill the disk") && did("kill"),
}

test(
  "[G1] [G2] [G3] what was kept when its page died is stored once, in order, by those that come after, or its refusal is told",
  MODEL_PATIENCE,
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 60, size: "max" }), fc.nat(), async (commands, seed) => {
        const { clock, machine, server, disk, sent, owed, lives, step, heal } = run(seed)
        await clock.settle()
        for (const each of commands) await step(each)
        await heal()
        const did: Did = (what) => commands.some((each) => each.do === what)
        const final = new Map(
          lives.flatMap(({ changes }) => changes).map((change) => [(change.data as { text: string }).text, change] as const),
        )
        for (const { text, channel, seen } of sent) {
          const places = (server.logs.get(channel) ?? []).flatMap((stored, index) => (stored === text ? [index + 1] : []))
          expect(places.length, `${text} is stored once at most`).toBeLessThanOrEqual(1)
          if (seen.value !== undefined) expect(places, `${text} is where its receipt says`).toEqual([seen.value.position.offset])
          if (seen.code === "FORBIDDEN") expect(places, `${text} was refused`).toEqual([])
          else if (seen.code !== undefined) expect(UNKNOWN[seen.code]?.(did), `${text} ends with ${seen.code}`).toBe(true)
          const last = final.get(text)
          if (last?.state === "confirmed") expect(places, `${text} is confirmed`).toEqual([last.receipt?.position.offset])
          const ends = UNKNOWN.EXPIRED?.(did) ? ["confirmed", "rejected", "expired"] : ["confirmed", "rejected"]
          if (owed.has(text)) expect(ends, `${text} was kept and ends as ${last?.state}`).toContain(last?.state)
          if (last?.error && last.error.code !== "FORBIDDEN")
            expect(UNKNOWN[last.error.code]?.(did), `${text} is ${last.state} with ${last.error.code}`).toBe(true)
        }
        for (const [channel, log] of server.logs) {
          const order = sent.filter((each) => each.channel === channel).map(({ text }) => text)
          expect(log, `the order of ${channel}`).toEqual(order.filter((text) => log.includes(text)))
        }
        const closing = lives.at(-1)?.client.close()
        await clock.advance(3_000)
        await closing
        expect(disk.rows(), "nothing is left on the disk").toEqual([])
        expect(machine.clock.pendingTimers).toBe(0)
      }),
      modelRuns(),
    )
  },
)
