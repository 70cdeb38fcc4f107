import type { Env } from "@magpie/protocol"
import { MagpieError } from "@magpie/protocol"
import type { ClaimAnswer, Control, ControlChange, Fence, PresentNode, RevokeRequest } from "./control.ts"
import { checkName } from "./door.ts"
import type { Entry } from "./entry.ts"
import { Listeners } from "./listeners.ts"
import { isMilliseconds } from "./milliseconds.ts"
import { decodeClaim, decodeNode, decodeRevocation } from "./rows/control-rows.ts"
import { claimKey, NODES, nodeKey, REVOCATIONS, revocationKey } from "./rows/keys.ts"
import { isIntact } from "./rows/row-reader.ts"
import type { Applied } from "./state-machine/applied.ts"
import type { Storage } from "./storage/storage.ts"

/** How old what a node knows of rights may be. */
export const CONTROL_STALE_MS = 1_000
/** Bounds of a lease: it is renewed by entries, and outlives its owner. */
const SHORTEST_LEASE_MS = 1_000
const LONGEST_LEASE_MS = 3_600_000
/** No time in milliseconds is so far below the present one; a time in seconds is. */
const SECONDS_ARE_BELOW = 100
const RETRY_AFTER_MS = 1_000

export interface LogControlContext {
  readonly nodeId: string
  readonly env: Env
  /** Where the control partition's rows are now. Fails with UNAVAILABLE while they are built anew. */
  readonly storage: () => Storage
  readonly epoch: () => string
  /** Resolves once the entry is applied and durable. */
  readonly submit: (entry: Entry) => Promise<Applied>
  readonly lagMs: () => number
}

/** What concerns all nodes, read from the control partition's rows. */
export class LogControl implements Control {
  readonly nodeId: string
  readonly #context: LogControlContext
  readonly #listeners: Listeners<ControlChange>

  constructor(context: LogControlContext) {
    this.nodeId = context.nodeId
    this.#context = context
    this.#listeners = new Listeners(context.env)
  }

  get lagMs(): number {
    return this.#context.lagMs()
  }

  get fresh(): boolean {
    return this.lagMs <= CONTROL_STALE_MS
  }

  isRevoked(user: string, issuedAt = 0): boolean {
    const row = this.#row(revocationKey(user))
    return row !== undefined && issuedAt <= decodeRevocation(row).issuedUntil
  }

  async revoke({ user, issuedUntil = this.#now(), until }: RevokeRequest): Promise<void> {
    checkName("user", user)
    const at = this.#now()
    checkTime("issuedUntil", issuedUntil, at)
    checkTime("until", until, at)
    if (until <= at) throw new MagpieError("BAD_REQUEST", "until is not in the future", { details: { field: "until" } })
    const { refused } = await this.#context.submit({ type: "revoke", at, user, issuedUntil, until })
    if (refused === "past") {
      throw new MagpieError("UNAVAILABLE", "it is not in force: by the log's time, which is ahead of this clock, it is over", {
        retryAfterMs: RETRY_AFTER_MS,
      })
    }
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
    return isIntact(value) ? [{ type: "revoked", user: key.slice(revocationKey("").length), ...decodeRevocation(value) }] : []
  })
}

function checkTime(field: string, time: number, now: number): void {
  if (isMilliseconds(time) && time * SECONDS_ARE_BELOW >= now) return
  throw new MagpieError("BAD_REQUEST", `${field} is no wall time in whole milliseconds`, { details: { field } })
}
