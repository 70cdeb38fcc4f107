import { answerPolitely } from "@magpie/testing"
import fc from "fast-check"
import { expect, test } from "vitest"
import { MODEL_PATIENCE, modelRuns } from "../../../../tests/fuzz/model-runs.ts"
import { clientUnderTest, watch } from "../client-under-test.fixture.ts"
import { type Decision, modelServer } from "./model-server.fixture.ts"

type Command =
  | { readonly do: "send"; readonly channel: string; readonly count: number }
  | { readonly do: "answer"; readonly count: number; readonly decision: Decision; readonly others: Decision }
  | { readonly do: "abort"; readonly back: number }
  | { readonly do: "cut" | "forget" | "take over" | "land" }
  | { readonly do: "pass"; readonly ms: number }

const DECISIONS: readonly Decision[] = [
  "store",
  "store",
  "store and lose the link",
  "store and fail",
  "fail",
  "refuse",
  "limit",
  "land late",
]

const just = <const T>(value: T) => fc.constant(value)
const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: just("send"),
      channel: fc.constantFrom("chat/lobby", "chat/lobby", "chat/other"),
      count: fc.constantFrom(1, 1, 2, 3, 5, 270),
    }),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      do: just("answer"),
      count: fc.constantFrom(1, 1, 2, 5, 500),
      decision: fc.constantFrom(...DECISIONS),
      others: fc.constantFrom("store", "store", "land late"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: just("abort"), back: fc.nat(5) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("cut", "cut", "cut", "land", "land", "forget", "take over") }) },
  { weight: 8, arbitrary: fc.record({ do: just("pass"), ms: fc.constantFrom(0, 0, 100, 300, 2_000, 20_000) }) },
)

interface Sent {
  readonly text: string
  readonly channel: string
  readonly seen: ReturnType<typeof watch<{ readonly position: { readonly offset: number } }>>
  readonly stop: AbortController
}

const decided = (commands: readonly Command[], decision: Decision): boolean =>
  commands.some((each) => each.do === "answer" && [each.decision, each.others].includes(decision))

/** What a sender is told who cannot know whether the message was stored, and what must have happened for that. */
const UNKNOWN: Readonly<Record<string, (commands: readonly Command[]) => boolean>> = {
  // Also where a first message was refused, and landed late under the number that the next one then took.
  CONFLICT: (commands) =>
    commands.some((each) => each.do === "take over") || (decided(commands, "refuse") && decided(commands, "land late")),
  EXPIRED: (commands) => commands.some((each) => each.do === "forget"),
  ABORTED: (commands) => commands.some((each) => each.do === "abort"),
}
const ROUNDS = 300

/** A client with its outbox, and a server that decides as it is told. */
function begin(seed: number) {
  const made = clientUnderTest({ polite: false, seed, maxPending: 100_000 })
  const server = modelServer()
  const sent: Sent[] = []
  let takenOver = 0
  let granted: string | undefined

  made.peer.onMessage = (message, link) => {
    if (message.type === "publish") return server.arrive(message, link)
    if (message.type !== "hello") return answerPolitely(message, link)
    granted ??= message.producer
    server.rename(granted ?? "")
    link.welcome({ producer: granted ?? "" })
  }

  function cut(): void {
    const { link } = made.peer
    server.lose(link)
    link.close(1006)
  }

  async function run(command: Command): Promise<void> {
    if (command.do === "send") {
      for (let left = command.count; left > 0; left--) send(command.channel)
    } else if (command.do === "answer") server.answer(command.count, command.decision, command.others)
    else if (command.do === "abort") sent.at(-1 - command.back)?.stop.abort()
    else if (command.do === "forget") server.forget((text) => sent.some((each) => each.text === text && each.seen.value !== undefined))
    else if (command.do === "land") server.land()
    else if (command.do === "pass") await made.clock.advance(command.ms)
    else {
      // Another client has got our producer: the next welcome gives us a new one.
      if (command.do === "take over") granted = `other-${++takenOver}`
      cut()
    }
  }

  function send(channel: string): void {
    const text = `m${sent.length}`
    const stop = new AbortController()
    const promise = made.client.channel(channel as "chat/lobby").send("say", { text }, { signal: stop.signal })
    sent.push({ text, channel, seen: watch(promise), stop })
  }

  /** The network is well again, and the server stores what comes. */
  async function heal(): Promise<void> {
    for (let round = 0; round < ROUNDS && sent.some(({ seen }) => seen.value === undefined && seen.code === undefined); round++) {
      await made.clock.advance(1_000)
      server.answer(server.waiting, "store", "store")
    }
    server.land()
    await made.clock.settle()
  }

  return { ...made, server, sent, run, heal }
}

test(
  "[G1] [G2] [G3] settles each message once, in order and at most once in the log, whatever the server answers and the network loses",
  MODEL_PATIENCE,
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { maxLength: 50, size: "max" }), fc.nat(), async (commands, seed) => {
        const { client, clock, machine, server, sent, run, heal } = begin(seed)
        await clock.settle()
        for (const each of commands) await run(each)
        await heal()
        for (const { text, channel, seen } of sent) {
          const places = (server.logs.get(channel) ?? []).flatMap((stored, index) => (stored === text ? [index + 1] : []))
          // What is tried again when the window of sequences is over, and lands late then, is new to the log.
          if (!server.landed.get(text)?.anew) expect(places.length, `${text} is stored once at most`).toBeLessThanOrEqual(1)
          if (seen.value !== undefined) expect(places, `${text} is where its receipt says`).toEqual([seen.value.position.offset])
          // A server that has kept no refusal cannot keep an earlier try from landing.
          else if (seen.code === "FORBIDDEN") expect(server.landed.has(text) ? [] : places, `${text} was refused`).toEqual([])
          else expect(UNKNOWN[String(seen.code)]?.(commands), `${text} ends with ${seen.code}`).toBe(true)
        }
        for (const [channel, log] of server.logs) {
          // What nobody has acknowledged may land behind what came later, where numbers started anew: the order is one of numbers.
          const unordered = sent.filter(({ text, seen }) => server.landed.has(text) && seen.value === undefined)
          const rest = sent.filter((each) => each.channel === channel && !unordered.includes(each)).map(({ text }) => text)
          expect(
            log.filter((text) => rest.includes(text)),
            `the order of ${channel}`,
          ).toEqual(rest.filter((text) => log.includes(text)))
        }
        const closing = client.close()
        await clock.advance(2_000)
        await closing
        expect(machine.clock.pendingTimers).toBe(0)
      }),
      modelRuns(),
    )
  },
)
