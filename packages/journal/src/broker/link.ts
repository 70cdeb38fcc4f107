import { type Env, isMagpieError, MagpieError, type Timer } from "@magpie/protocol"

/** The wait before the next try is drawn evenly from zero to a bound that doubles from the first to the second. */
const BACKOFF = { initialMs: 100, maxMs: 5_000 }
/** A connection that lived for so long was a good one. */
const GOOD_AFTER_MS = 10_000
/** A try that takes longer is given up. */
const CONNECT_MS = 10_000

interface Closable {
  close(): Promise<void>
}

export interface LinkOptions<C> {
  readonly env: Env
  /** The broker, in the log. */
  readonly name: string
  readonly connect: (onLost: (cause?: unknown) => void) => Promise<C>
  readonly onUp?: (live: Live<C>) => void
  /** It has never been up, and cannot be: nothing is tried any more. */
  readonly onRefused?: (cause: MagpieError) => void
}

/** A connection from its coming up until it is lost. */
export interface Live<C> {
  readonly connection: C
  readonly isLost: boolean
  /** Returns the disposer. */
  onLost(listener: () => void): () => void
  /** As the task, but fails with UNAVAILABLE when the connection is lost before, or when `limitMs` have passed. */
  run<T>(task: () => Promise<T>, limitMs?: number): Promise<T>
}

type State<C extends Closable> =
  | { readonly name: "connecting" }
  | { readonly name: "waiting"; readonly timer: Timer }
  | { readonly name: "up"; readonly live: LiveConnection<C> }
  | { readonly name: "closed" }

/** Keeps one connection to a broker, and makes a new one whenever it is lost. */
export class Link<C extends Closable> {
  readonly #options: LinkOptions<C>
  readonly #waiting = new Set<(live: Live<C>) => void>()
  #state: State<C> = { name: "connecting" }
  #failures = 0
  #wasUp = false

  constructor(options: LinkOptions<C>) {
    this.#options = options
    this.#connect()
  }

  get live(): Live<C> | undefined {
    return this.#state.name === "up" ? this.#state.live : undefined
  }

  /** Calls back once: now, or when there is a connection. Returns the disposer. */
  whenUp(callback: (live: Live<C>) => void): () => void {
    if (this.#state.name === "up") {
      callback(this.#state.live)
      return () => {}
    }
    this.#waiting.add(callback)
    return () => void this.#waiting.delete(callback)
  }

  /** The connection is of no use any more. */
  lost(live: Live<C>, cause?: unknown): void {
    if (this.#state.name !== "up" || this.#state.live !== live) return
    const { since } = this.#state.live
    if (this.#now() - since >= GOOD_AFTER_MS) this.#failures = 0
    this.#retry(cause)
    void (live as LiveConnection<C>).end()
  }

  async close(): Promise<void> {
    const state = this.#state
    this.#state = { name: "closed" }
    this.#waiting.clear()
    if (state.name === "waiting") state.timer.cancel()
    if (state.name === "up") await state.live.end()
  }

  #connect(): void {
    const { env, connect, name, onUp } = this.#options
    const attempt: State<C> = { name: "connecting" }
    this.#state = attempt
    let live: LiveConnection<C> | undefined
    let lostBefore: { readonly cause: unknown } | undefined
    const holds = (): boolean => this.#state === attempt
    const onLost = (cause?: unknown): void => {
      lostBefore ??= { cause }
      if (live !== undefined) this.lost(live, cause)
    }
    const timer = env.clock.setTimer(CONNECT_MS, () => {
      if (holds()) this.#retry(new MagpieError("UNAVAILABLE", "the broker did not answer in time"))
    })
    const attempted = (async () => connect(onLost))()
    attempted.then(
      (connection) => {
        timer.cancel()
        if (!holds() || lostBefore !== undefined) {
          connection.close().catch(() => {})
          if (holds()) this.#retry(lostBefore?.cause)
          return
        }
        live = new LiveConnection(env, connection)
        this.#state = { name: "up", live }
        this.#wasUp = true
        env.log("info", "broker.up", { broker: name })
        onUp?.(live)
        for (const callback of [...this.#waiting]) {
          if (this.#waiting.delete(callback)) callback(live)
        }
      },
      (cause: unknown) => {
        timer.cancel()
        if (holds()) this.#failed(cause)
      },
    )
  }

  /** A broker that was of use once may be again. */
  #failed(cause: unknown): void {
    if (this.#wasUp || !isMagpieError(cause) || cause.code !== "INVALID_OPTIONS") return this.#retry(cause)
    this.#options.env.log("error", "broker.refused", { broker: this.#options.name, ...told(cause) })
    this.#state = { name: "closed" }
    this.#options.onRefused?.(cause)
  }

  #retry(cause: unknown): void {
    const { env, name } = this.#options
    const boundMs = Math.min(BACKOFF.maxMs, BACKOFF.initialMs * 2 ** this.#failures)
    this.#failures++
    env.log("error", "broker.lost", { broker: name, failures: this.#failures, ...told(cause) })
    this.#state = { name: "waiting", timer: env.clock.setTimer(env.random.float() * boundMs, () => this.#connect()) }
  }

  #now(): number {
    return this.#options.env.clock.monotonic()
  }
}

class LiveConnection<C extends Closable> implements Live<C> {
  readonly connection: C
  readonly since: number
  readonly #env: Env
  readonly #listeners = new Set<() => void>()
  #lost = false

  constructor(env: Env, connection: C) {
    this.#env = env
    this.connection = connection
    this.since = env.clock.monotonic()
  }

  get isLost(): boolean {
    return this.#lost
  }

  onLost(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  run<T>(task: () => Promise<T>, limitMs?: number): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        timer?.cancel()
        off()
      }
      const fail = (why: string): void => {
        done()
        reject(new MagpieError("UNAVAILABLE", why))
      }
      const off = this.onLost(() => fail("the connection to the broker was lost"))
      const timer = limitMs === undefined ? undefined : this.#env.clock.setTimer(limitMs, () => fail("the broker did not answer in time"))
      if (this.#lost) return fail("the connection to the broker was lost")
      const running = (async () => task())()
      running.then(
        (value) => {
          done()
          resolve(value)
        },
        (cause: unknown) => {
          done()
          reject(cause)
        },
      )
    })
  }

  async end(): Promise<void> {
    this.#lost = true
    for (const listener of [...this.#listeners]) listener()
    this.#listeners.clear()
    await this.connection.close().catch(() => {})
  }
}

/** What may stand in a log line: vendors put addresses with passwords into their messages. */
function told(cause: unknown): Readonly<Record<string, unknown>> {
  if (isMagpieError(cause)) return { code: cause.code, reason: cause.reason }
  if (!(cause instanceof Error)) return {}
  const { code } = cause as { code?: unknown }
  return { cause: typeof code === "string" || typeof code === "number" ? code : cause.name }
}
