import { type Env, MagpieError, type Timer } from "@magpie/protocol"
import {
  type ClaimAnswer,
  CONTROL_STALE_MS,
  type Control,
  type ControlChange,
  type Fence,
  type PresentNode,
  type RevokeRequest,
} from "./control.ts"
import { checkName } from "./door.ts"
import type { Entry } from "./entry.ts"
import { Listeners } from "./listeners.ts"
import { isMilliseconds } from "./milliseconds.ts"
import { randomScope } from "./random-names.ts"
import { requireVersion } from "./require-version.ts"
import { CLAIM_SUBJECT, type Proof, subjectOf, subjectsOf } from "./revocation.ts"
import { decodeClaim, decodeNode, decodeRevocation } from "./rows/control-rows.ts"
import { claimKey, type KeyRange, NODES, nodeKey, REVOCATIONS, revocationKey } from "./rows/keys.ts"
import { isIntact } from "./rows/row-reader.ts"
import { SpentNames } from "./spent-names.ts"
import type { Applied } from "./state-machine/applied.ts"
import { CAPPED_SINCE, CONTROL_CAPS } from "./state-machine/control-entries.ts"
import type { Storage } from "./storage/storage.ts"

/** Bounds of a lease: it is renewed by entries, and outlives its owner. */
const SHORTEST_LEASE_MS = 1_000
const LONGEST_LEASE_MS = 3_600_000
/** No time in milliseconds is so far below the present one; a time in seconds is. */
const SECONDS_ARE_BELOW = 100
/** While the log's time is ahead, and while there is no room. */
const RETRY_AFTER_MS = 1_000
const CLAIM_REVOCATIONS: KeyRange = { from: revocationKey(CLAIM_SUBJECT), to: revocationKey(`${CLAIM_SUBJECT}\u{10ffff}`) }

export interface LogControlContext {
  readonly nodeId: string
  readonly env: Env
  /** Where the control partition's rows are now. Fails with UNAVAILABLE while they are built anew. */
  readonly storage: () => Storage
  readonly epoch: () => string
  /** Resolves once the entry is applied and durable. */
  readonly submit: (entry: Entry) => Promise<Applied>
  readonly lagMs: () => number
  /** The rules that all nodes know. */
  readonly applyVersion: () => number
  /** Whether other nodes may share the log. */
  readonly shared: boolean
}

/** What concerns all nodes, read from the control partition's rows. */
export class LogControl implements Control {
  readonly nodeId: string
  readonly #context: LogControlContext
  readonly #listeners: Listeners<ControlChange>
  readonly #spent: SpentNames
  readonly #spreading = new Map<Timer, (closed: MagpieError) => void>()
  #scope: string | undefined
  #closed = false

  constructor(context: LogControlContext) {
    this.nodeId = context.nodeId
    this.#context = context
    this.#listeners = new Listeners(context.env)
    this.#spent = new SpentNames(context.env.clock, CONTROL_CAPS.spent)
  }

  get lagMs(): number {
    return this.#context.lagMs()
  }

  get fresh(): boolean {
    return this.lagMs <= CONTROL_STALE_MS
  }

  isRevoked(proof: Proof): boolean {
    const [claim] = this.#context.storage().range({ ...CLAIM_REVOCATIONS, limit: 1 })
    return subjectsOf(proof, claim !== undefined).some((subject) => {
      const row = this.#row(revocationKey(subject))
      return row !== undefined && (proof.issuedAt ?? 0) <= decodeRevocation(row).issuedUntil
    })
  }

  async revoke({ issuedUntil = this.#now(), until, ...target }: RevokeRequest): Promise<void> {
    const subject = subjectOf(target)
    const at = this.#now()
    checkTime("issuedUntil", issuedUntil, at)
    checkTime("until", until, at)
    if (until <= at) throw new MagpieError("BAD_REQUEST", "until is not in the future", { details: { field: "until" } })
    // A node of an older Magpie would take it for a user.
    if (!("user" in target)) requireVersion(this.#context.applyVersion(), CAPPED_SINCE)
    const { refused } = await this.#context.submit({ type: "revoke", at, subject, issuedUntil, until })
    if (refused !== undefined) throw refused === "full" ? noRoom() : over()
    if (this.#context.shared) await this.#spread()
  }

  get spendScope(): string {
    if (this.#context.shared) {
      // Fails where the log is not known just now.
      this.#context.storage()
      return this.#context.epoch()
    }
    this.#scope ??= randomScope(this.#context.env.random)
    return this.#scope
  }

  async spend(name: string, until: number): Promise<boolean> {
    checkName("name", name)
    checkTime("until", until, this.#now())
    const outcome = this.#context.shared ? await this.#spendForAll(name, until) : this.#spent.spend(name, until)
    if (outcome === "full") {
      throw new MagpieError("UNAVAILABLE", "too much is remembered that counts once", { retryAfterMs: RETRY_AFTER_MS })
    }
    return outcome === "first"
  }

  async claim(name: string, leaseMs: number): Promise<ClaimAnswer> {
    checkName("name", name)
    if (!(Number.isSafeInteger(leaseMs) && leaseMs >= SHORTEST_LEASE_MS && leaseMs <= LONGEST_LEASE_MS)) {
      const bounds = `${SHORTEST_LEASE_MS} to ${LONGEST_LEASE_MS}`
      throw new MagpieError("INVALID_OPTIONS", `leaseMs is not a whole number of ${bounds}`, { details: { field: "leaseMs" } })
    }
    const { claim } = await this.#context.submit({ type: "claim", at: this.#now(), name, owner: this.nodeId, leaseMs })
    if (claim === undefined) throw new MagpieError("INTERNAL", "the claim had no answer")
    return claim
  }

  async release(name: string): Promise<void> {
    checkName("name", name)
    await this.#context.submit({ type: "release", at: this.#now(), name, owner: this.nodeId })
  }

  ownerOf(name: string): { readonly owner: string; readonly fence: Fence; readonly until: number } | undefined {
    const row = this.#row(claimKey(name))
    if (row === undefined) return undefined
    const { owner, position, until } = decodeClaim(row)
    return { owner, until, fence: { epoch: this.#context.epoch(), position } }
  }

  nodes(): readonly PresentNode[] {
    const rows = Array.from(this.#context.storage().range(NODES))
    return rows.flatMap(({ key, value }) => (isIntact(value) ? [{ id: key.slice(nodeKey("").length), ...decodeNode(value) }] : []))
  }

  onChange(listener: (change: ControlChange) => void): () => void {
    return this.#listeners.add(listener)
  }

  /** Tells what applied entries changed. */
  tell(changes: readonly ControlChange[]): void {
    for (const change of changes) this.#listeners.tell(change)
  }

  /** Ends what waits. */
  close(): void {
    this.#closed = true
    for (const [timer, reject] of this.#spreading) {
      timer.cancel()
      reject(closed())
    }
    this.#spreading.clear()
  }

  async #spendForAll(name: string, until: number): Promise<"first" | "spent" | "full"> {
    requireVersion(this.#context.applyVersion(), CAPPED_SINCE)
    const { refused } = await this.#context.submit({ type: "spend", at: this.#now(), name, until })
    if (refused === undefined) return "first"
    return refused === "full" ? "full" : "spent"
  }

  /** By then a node that still grants anything has heard of everything that is in the log now. */
  #spread(): Promise<void> {
    if (this.#closed) return Promise.reject(closed())
    return new Promise((resolve, reject) => {
      const timer = this.#context.env.clock.setTimer(CONTROL_STALE_MS, () => {
        this.#spreading.delete(timer)
        resolve()
      })
      this.#spreading.set(timer, reject)
    })
  }

  #now(): number {
    return Math.floor(this.#context.env.clock.now())
  }

  #row(key: string): Uint8Array | undefined {
    const row = this.#context.storage().get(key)
    if (row === undefined || isIntact(row)) return row
    throw new MagpieError("STORAGE_FENCED", `the stored row ${key} is damaged; restore a backup`, { details: { key } })
  }
}

/** What of a state that came as a whole would otherwise never be told. */
export function revocationsIn(storage: Storage): readonly ControlChange[] {
  return Array.from(storage.range(REVOCATIONS)).flatMap(({ key, value }) => {
    return isIntact(value) ? [{ type: "revoked", subject: key.slice(revocationKey("").length), ...decodeRevocation(value) }] : []
  })
}

function closed(): MagpieError {
  return new MagpieError("CLOSED", "the log was closed before every node was known to have heard of it")
}

function over(): MagpieError {
  return new MagpieError("UNAVAILABLE", "it is not in force: by the log's time, which is ahead of this clock, it is over", {
    retryAfterMs: RETRY_AFTER_MS,
  })
}

function noRoom(): MagpieError {
  return new MagpieError("LIMIT_EXCEEDED", `more than ${CONTROL_CAPS.revocations} revocations are in force`, {
    details: { limit: "revocations" },
  })
}

function checkTime(field: string, time: number, now: number): void {
  if (isMilliseconds(time) && time * SECONDS_ARE_BELOW >= now) return
  throw new MagpieError("BAD_REQUEST", `${field} is no wall time in whole milliseconds`, { details: { field } })
}
