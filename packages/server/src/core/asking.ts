import { type Bus, type Control, MAX_BUS_MESSAGE_BYTES } from "@magpie/journal"
import { type Clock, MagpieError, type Random, type Timer } from "@magpie/protocol"
import { toHex } from "../session/session-token.ts"
import { parseBusJson } from "./bus-json.ts"

/** What other nodes said, by their ids, and who of the live ones said nothing in time. */
export interface Answers {
  readonly answers: ReadonlyMap<string, unknown>
  readonly missing: readonly string[]
}

/** Asks all nodes of a cluster something that each knows of itself. */
export interface Asking {
  /** Waits for the other live nodes, at most so long. Fails with UNAVAILABLE while it is not known who there is, with CLOSED where the server closes. */
  ask(what: string, question: unknown, timeoutMs?: number): Promise<Answers>
  /** How this node answers others. What is too large for the bus is not answered. */
  answer(what: string, answer: (question: unknown) => unknown): void
  close(): void
}

export interface AskingOptions {
  readonly bus: Bus | undefined
  readonly control: Pick<Control, "nodeId" | "nodes">
  readonly clock: Clock
  readonly random: Pick<Random, "bytes">
}

interface Waiting {
  readonly nodes: Set<string>
  readonly answers: Map<string, unknown>
  readonly timer: Timer
  readonly resolve: (answers: Answers) => void
  readonly reject: (failure: MagpieError) => void
}

/** One for questions and answers, so that whoever hears the first hears the second: a subscription takes effect some time after it was asked for. */
const SUBJECT = "ask"
const ID_BYTES = 8
const TIMEOUT_MS = 1_000
const utf8 = new TextEncoder()
const fromUtf8 = new TextDecoder()

export function createAsking({ bus, control, clock, random }: AskingOptions): Asking {
  const handlers = new Map<string, (question: unknown) => unknown>()
  const waiting = new Map<string, Waiting>()
  const stop = bus?.subscribe(SUBJECT, (bytes) => {
    const { question, answer, id, from, what, value } = decode(bytes)
    if (typeof id !== "string" || typeof from !== "string") return
    if (question === true && typeof what === "string") reply(id, from, what, value)
    else if (answer === true) take(id, from, value)
  })

  function send(message: object): void {
    const bytes = utf8.encode(JSON.stringify(message))
    if (bytes.length <= MAX_BUS_MESSAGE_BYTES) bus?.publish(SUBJECT, bytes)
  }

  function reply(id: string, from: string, what: string, question: unknown): void {
    const handler = handlers.get(what)
    // A bus may bring back what one has said.
    if (handler === undefined || from === control.nodeId) return
    send({ answer: true, id, from: control.nodeId, value: handler(question) })
  }

  function take(id: string, from: string, value: unknown): void {
    const its = waiting.get(id)
    if (its === undefined || !its.nodes.delete(from)) return
    its.answers.set(from, value)
    if (its.nodes.size === 0) finish(id, its)
  }

  function finish(id: string, { nodes, answers, timer, resolve }: Waiting): void {
    timer.cancel()
    waiting.delete(id)
    resolve({ answers, missing: [...nodes].sort() })
  }

  return {
    async ask(what, question, timeoutMs = TIMEOUT_MS) {
      const nodes = new Set(control.nodes().flatMap(({ id }) => (id === control.nodeId ? [] : [id])))
      if (bus === undefined || nodes.size === 0) return { answers: new Map(), missing: [...nodes].sort() }
      const id = toHex(random.bytes(ID_BYTES))
      return new Promise((resolve, reject) => {
        const its = { nodes, answers: new Map(), timer: clock.setTimer(timeoutMs, () => finish(id, its)), resolve, reject }
        waiting.set(id, its)
        send({ question: true, id, from: control.nodeId, what, value: question })
      })
    },
    answer: (what, answer) => void handlers.set(what, answer),
    close() {
      stop?.()
      for (const { timer, reject } of waiting.values()) {
        timer.cancel()
        reject(new MagpieError("CLOSED", "the server was closed"))
      }
      waiting.clear()
    },
  }
}

/** The bus is the cluster's own, but another version or another system may speak on it. */
function decode(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  return Object(parseBusJson(fromUtf8.decode(bytes)))
}
