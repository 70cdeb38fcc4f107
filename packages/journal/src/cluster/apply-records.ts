import type { HashEntry } from "../entry.ts"
import type { Applied } from "../state-machine/applied.ts"
import type { StateMachine } from "../state-machine/state-machine.ts"
import { decodeRecord, recordMark } from "./record.ts"

/** A place of the log at which nodes compare their states. */
export interface Checkpoint {
  readonly position: number
  /** Of the checkpoint's own record, so that one of a lost log is not taken for it. */
  readonly mark: number
  readonly hash: string
}

export interface Vote extends Checkpoint {
  readonly partition: number
  readonly node: string
}

export interface AppliedRecords {
  readonly applied: readonly Applied[]
  /** What this node had appended, by its counter. */
  readonly own: readonly (readonly [counter: number, applied: Applied])[]
  /** Positions of records that nobody can read. */
  readonly poison: readonly number[]
  /** Of the newest clock entry. */
  readonly clockAt: number | undefined
  readonly checkpoints: readonly Checkpoint[]
  readonly votes: readonly Vote[]
}

/** Applies a run of records in memory. Fails with INVALID_OPTIONS where a newer Magpie wrote one. */
export function applyRecords(machine: StateMachine, records: readonly Uint8Array[], first: number, node: string): AppliedRecords {
  const applied: Applied[] = []
  const own: (readonly [number, Applied])[] = []
  const poison: number[] = []
  const checkpoints: Checkpoint[] = []
  const votes: Vote[] = []
  let clockAt: number | undefined
  for (const [index, bytes] of records.entries()) {
    const position = first + index
    const record = decodeRecord(bytes)
    if (record === undefined) {
      poison.push(position)
      applied.push(machine.skip())
      continue
    }
    const { entry, origin } = record
    const result = machine.apply(entry, position, origin)
    applied.push(result)
    if (result.stale === true) continue
    if (origin.node === node) own.push([origin.counter, result])
    if (entry.type === "clock") clockAt = entry.at
    if (entry.type === "checkpoint") checkpoints.push({ position, mark: recordMark(bytes), hash: machine.stateHash() })
    if (entry.type === "hash") votes.push(voteOf(entry, origin.node))
  }
  return { applied, own, poison, clockAt, checkpoints, votes }
}

function voteOf({ partition, position, mark, hash }: HashEntry, node: string): Vote {
  return { partition, position, mark, hash, node }
}
