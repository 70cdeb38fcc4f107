import { type Env, MagpieError, type Timer } from "@magpie/protocol"
import type { Checkpoint, Vote } from "./apply-records.ts"
import type { PartitionLog } from "./partition-log.ts"

/**
 * How often the nodes compare a partition that has changed, or whose last comparison came to nothing; spread by half of it, so
 * that mostly one of them asks.
 */
const CHECK_MS = 10_000
/** The same for the control partition, which always moves, if only by the answers. */
const CONTROL_CHECK_MS = 60_000
/** Comparisons that are remembered; older ones are decided. */
const REMEMBERED = 256

export interface StateChecksOptions {
  readonly env: Env
  readonly node: string
  readonly partitions: readonly PartitionLog[]
  readonly control: PartitionLog
  readonly presentNodes: () => number
  readonly fence: (cause: MagpieError) => void
}

/**
 * Compares the nodes' states: a checkpoint entry asks, each node answers on the control partition with its hash at that very
 * place. A node whose state is not that of the majority takes itself out.
 */
export class StateChecks {
  readonly #options: StateChecksOptions
  /** Up to which position this node's state is known to be right, and when somebody last asked for that, by partition. */
  readonly #checked: { position: number; askedAt: number }[]
  readonly #votes = new Map<string, Map<string, string>>()
  #timer: Timer | undefined
  #stopped = false

  constructor(options: StateChecksOptions) {
    this.#options = options
    this.#checked = options.partitions.map(() => ({ position: 0, askedAt: options.env.clock.monotonic() }))
  }

  start(): void {
    if (this.#stopped) return
    const { clock, random } = this.#options.env
    this.#timer = clock.setTimer(CHECK_MS * (1 + random.float() / 2), () => {
      for (const index of this.#options.partitions.keys()) this.#ask(index)
      this.start()
    })
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** A checkpoint was applied: this node answers it. */
  answer(partition: number, { position, mark, hash }: Checkpoint): void {
    const checked = this.#checked[partition]
    if (checked !== undefined) {
      checked.askedAt = this.#options.env.clock.monotonic()
      // A log that lost its end hands positions out again.
      checked.position = Math.min(checked.position, position - 1)
    }
    const entry = { type: "hash", at: this.#now(), partition, position, mark, hash } as const
    // One answer less is no harm: what differs shows at the next checkpoint.
    this.#options.control.submit(entry).catch(() => {})
  }

  /** A node's answer was applied. */
  vote({ partition, position, mark, hash, node }: Vote): void {
    const key = `${partition}/${position}/${mark}`
    const votes = this.#votes.get(key) ?? new Map<string, string>()
    votes.set(node, hash)
    this.#votes.set(key, votes)
    const [oldest] = this.#votes.keys()
    if (this.#votes.size > REMEMBERED && oldest !== undefined) this.#votes.delete(oldest)
    const right = rightHash(votes, Math.max(votes.size, this.#options.presentNodes()))
    const mine = votes.get(this.#options.node)
    if (right === undefined || mine === undefined) return
    if (mine === right) {
      const checked = this.#checked[partition]
      if (checked !== undefined) checked.position = Math.max(checked.position, position)
      return
    }
    const details = { partition, position }
    this.#options.fence(new MagpieError("STORAGE_FENCED", "this node's state is not that of the other nodes", { details }))
  }

  #ask(index: number): void {
    const { partitions, control, env } = this.#options
    const partition = partitions[index]
    const checked = this.#checked[index]
    if (partition === undefined || checked === undefined || !partition.isReady || partition.machine.position <= checked.position) return
    const now = env.clock.monotonic()
    if (now - checked.askedAt < (partition === control ? CONTROL_CHECK_MS : CHECK_MS)) return
    checked.askedAt = now
    partition.submit({ type: "checkpoint", at: this.#now() }).catch(() => {})
  }

  #now(): number {
    return Math.floor(this.#options.env.clock.now())
  }
}

/** What more than half of the nodes say. Where all have spoken and no half agrees, the first that spoke is believed. */
export function rightHash(votes: ReadonlyMap<string, string>, nodes: number): string | undefined {
  const counts = new Map<string, number>()
  for (const hash of votes.values()) counts.set(hash, (counts.get(hash) ?? 0) + 1)
  for (const [hash, count] of counts) if (count * 2 > nodes) return hash
  const [first] = votes.values()
  return votes.size >= nodes ? first : undefined
}
