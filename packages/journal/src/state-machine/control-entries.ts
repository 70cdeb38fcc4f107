import { crc32Text } from "../checksum.ts"
import type { ControlChange } from "../control.ts"
import type { ClaimEntry, NodeEntry, Origin, ReleaseEntry, RevokeEntry, SpendEntry } from "../entry.ts"
import { decodeClaim, decodeRevocation, encodeClaim, encodeNode, encodeRevocation } from "../rows/control-rows.ts"
import { claimKey, DEADLINES, nodeKey, readDeadlineKey, revocationKey, spentKey } from "../rows/keys.ts"
import type { RowWriter } from "../rows/row-writer.ts"
import { type Applied, NOTHING } from "./applied.ts"
import type { Deadlines } from "./deadlines.ts"
import type { MachineState } from "./machine-state.ts"
import type { Origins } from "./origins.ts"
import type { PendingWrites } from "./pending-writes.ts"
import { EMPTY } from "./sequences.ts"

/** How long a node counts as present after the last entry of its own. */
export const NODE_LEASE_MS = 10_000

/** From these rules on, a revocation is as long as it was meant, whatever the log's time is. */
const REVOKED_FOR_SINCE = 2

/** From these rules on, names are spent, and the caps hold. */
export const CAPPED_SINCE = 3

/** What is remembered at most; equal on all nodes, since it changes results. */
export interface ControlCaps {
  readonly revocations: number
  readonly spent: number
}

export const CONTROL_CAPS: ControlCaps = { revocations: 100_000, spent: 500_000 }

/** What concerns all nodes: who owns what, who was revoked, what was spent, who is there. */
export class ControlEntries {
  readonly #pending: PendingWrites
  readonly #writer: RowWriter
  readonly #state: MachineState
  readonly #deadlines: Deadlines
  readonly #origins: Origins
  readonly #caps: ControlCaps
  /** How many rows there are; counted when first asked. */
  #counts: { v: number; u: number } | undefined

  constructor(
    pending: PendingWrites,
    writer: RowWriter,
    state: MachineState,
    deadlines: Deadlines,
    origins: Origins,
    caps: ControlCaps = CONTROL_CAPS,
  ) {
    this.#pending = pending
    this.#writer = writer
    this.#state = state
    this.#deadlines = deadlines
    this.#origins = origins
    this.#caps = caps
  }

  /** The log's order decides; who holds it already renews, and keeps the fence. A lease that has run out is nobody's. */
  claim({ name, owner, leaseMs }: ClaimEntry, position: number): Applied {
    const { now, epoch = "" } = this.#state
    const held = this.#claim(name)
    const isHeld = held !== undefined && held.until > now
    if (isHeld && held.owner !== owner) return { claim: { granted: false, ...held, fence: { epoch, position: held.position } } }
    if (held !== undefined) this.#deadlines.clear(held.until, "c", name)
    const claim = { owner, position: isHeld ? held.position : position, until: now + leaseMs }
    this.#pending.put(claimKey(name), encodeClaim(this.#writer, claim))
    this.#deadlines.set(claim.until, "c", name)
    this.#state.mix(crc32Text(name, claim.position))
    const fence = { epoch, position: claim.position }
    const changes: ControlChange[] = isHeld ? [] : [{ type: "claimed", name, owner, fence }]
    return { claim: { granted: true, owner, until: claim.until, fence }, changes }
  }

  release({ name, owner }: ReleaseEntry): Applied {
    const held = this.#claim(name)
    if (held === undefined || held.owner !== owner) return NOTHING
    return { changes: this.#endClaim(name) }
  }

  /** Of two revocations the later and the longer counts, so that one that lands late or twice takes nothing back. */
  revoke({ subject, issuedUntil, ...entry }: RevokeEntry): Applied {
    const until = this.#endOf(entry)
    const row = this.#pending.getIntact(revocationKey(subject))
    const known = row === undefined ? undefined : decodeRevocation(row)
    if (known !== undefined && known.issuedUntil >= issuedUntil && known.until >= until) return NOTHING
    if (until <= this.#state.now) return { refused: "past" }
    if (known !== undefined) this.#deadlines.clear(known.until, "v", subject)
    else if (!this.#hasRoom("v", this.#caps.revocations)) return { refused: "full" }
    const revocation = { issuedUntil: Math.max(issuedUntil, known?.issuedUntil ?? 0), until: Math.max(until, known?.until ?? 0) }
    this.#pending.put(revocationKey(subject), encodeRevocation(this.#writer, revocation))
    this.#deadlines.set(revocation.until, "v", subject)
    this.#state.mix(crc32Text(subject, revocation.until))
    return { changes: [{ type: "revoked", subject, ...revocation }] }
  }

  /** One that lands after its own end is refused: the row that would say that it was spent may be gone by then. */
  spend({ name, until }: SpendEntry): Applied {
    if (until <= this.#state.now || this.#pending.get(spentKey(name)) !== undefined) return { refused: "spent" }
    if (!this.#hasRoom("u", this.#caps.spent)) return { refused: "full" }
    this.#pending.put(spentKey(name), EMPTY)
    this.#deadlines.set(until, "u", name)
    this.#state.mix(crc32Text(name, until))
    return NOTHING
  }

  node({ name, supports }: NodeEntry, origin: Origin | undefined): Applied {
    if (origin === undefined) return NOTHING
    this.#pending.put(nodeKey(origin.node), encodeNode(this.#writer, { name, supports }))
    this.#deadlines.set(this.#state.now + NODE_LEASE_MS, "n", origin.node)
    this.#state.mix(crc32Text(origin.node, supports))
    return { changes: [{ type: "nodes" }] }
  }

  /** Looks at a claim whose deadline has come. */
  claimDue(name: string, at: number): readonly ControlChange[] {
    this.#deadlines.clear(at, "c", name)
    const held = this.#claim(name)
    return held?.until === at ? this.#endClaim(name) : []
  }

  revocationDue(subject: string, at: number): void {
    this.#deadlines.clear(at, "v", subject)
    const row = this.#pending.getIntact(revocationKey(subject))
    if (row === undefined || decodeRevocation(row).until !== at) return
    this.#pending.remove(revocationKey(subject))
    if (this.#counts !== undefined) this.#counts.v -= 1
  }

  spentDue(name: string, at: number): void {
    this.#deadlines.clear(at, "u", name)
    this.#pending.remove(spentKey(name))
    if (this.#counts !== undefined) this.#counts.u -= 1
  }

  /** Forgets what was counted since the last commit. */
  discard(): void {
    this.#counts = undefined
  }

  nodeDue(node: string, at: number): readonly ControlChange[] {
    this.#deadlines.clear(at, "n", node)
    const until = (this.#origins.lastAt(node) ?? 0) + NODE_LEASE_MS
    if (until > this.#state.now) {
      this.#deadlines.set(until, "n", node)
      return []
    }
    this.#pending.remove(nodeKey(node))
    return [{ type: "nodes" }]
  }

  /** Positions, and so fences, may be handed out again in a new epoch: whoever owns something claims it anew. */
  endClaims(): readonly ControlChange[] {
    const due = this.#pending.first(DEADLINES, Number.POSITIVE_INFINITY).map(({ key }) => readDeadlineKey(key))
    return due.flatMap(({ kind, name }) => (kind === "c" ? this.#endClaim(name) : []))
  }

  /** Counts one more in, where there is room for it. Each row has one deadline, and deadlines can be counted while they are pending. */
  #hasRoom(kind: "v" | "u", cap: number): boolean {
    if (this.#state.settings.applyVersion < CAPPED_SINCE) return true
    if (this.#counts === undefined) {
      this.#counts = { v: 0, u: 0 }
      for (const { key } of this.#pending.first(DEADLINES, Number.POSITIVE_INFINITY)) {
        const { kind: counted } = readDeadlineKey(key)
        if (counted === "v" || counted === "u") this.#counts[counted] += 1
      }
    }
    if (this.#counts[kind] >= cap) return false
    this.#counts[kind] += 1
    return true
  }

  /** In the log's time, which may be ahead of the clock of who revoked. */
  #endOf({ at, until }: Pick<RevokeEntry, "at" | "until">): number {
    const { now, settings } = this.#state
    return settings.applyVersion < REVOKED_FOR_SINCE ? until : now + until - at
  }

  #endClaim(name: string): readonly ControlChange[] {
    const held = this.#claim(name)
    if (held === undefined) return []
    this.#deadlines.clear(held.until, "c", name)
    this.#pending.remove(claimKey(name))
    this.#state.mix(crc32Text(name))
    return [{ type: "ended", name, owner: held.owner }]
  }

  #claim(name: string): { readonly owner: string; readonly position: number; readonly until: number } | undefined {
    const row = this.#pending.getIntact(claimKey(name))
    return row === undefined ? undefined : decodeClaim(row)
  }
}
