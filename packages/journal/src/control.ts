import type { Proof, Revocation, RevocationTarget } from "./revocation.ts"

/** How old what a node knows of rights may be. */
export const CONTROL_STALE_MS = 1_000

/** Orders owners of one thing: whoever acts carries it, and lower positions of the same epoch are refused. */
export interface Fence {
  readonly epoch: string
  readonly position: number
}

export interface ClaimAnswer {
  readonly granted: boolean
  /** Who owns it now. */
  readonly owner: string
  readonly fence: Fence
  /** The end of the lease, in the log's time. */
  readonly until: number
}

/** What the control partition tells every node. */
export type ControlChange =
  | { readonly type: "claimed"; readonly name: string; readonly owner: string; readonly fence: Fence }
  /** Given back, run out, or ended with its epoch. */
  | { readonly type: "ended"; readonly name: string; readonly owner: string }
  | ({ readonly type: "revoked" } & Revocation)
  /** A node came, or was silent for too long. */
  | { readonly type: "nodes" }
  /** This node may not have heard of the newest changes: `fresh` has become false. */
  | { readonly type: "stale" }

export interface PresentNode {
  readonly id: string
  readonly name: string
  /** The newest rules of the state machine that it knows. */
  readonly supports: number
}

export type RevokeRequest = RevocationTarget & {
  /** What was issued up to this moment no longer counts. Default: now. */
  readonly issuedUntil?: number
  /** When it may be forgotten: the end of the longest-lived of what was issued until then. Both in wall time, milliseconds since 1970. */
  readonly until: number
}

/** What concerns all nodes at once. */
export interface Control {
  /** Names this opening of the log among all nodes. */
  readonly nodeId: string
  /** How old, at most, what this node knows is, in milliseconds. 0 where there is one node. */
  readonly lagMs: number
  /** Whether that is little enough to decide on rights; where not, they are refused [G10]. */
  readonly fresh: boolean
  /** Whether what proves it no longer counts. */
  isRevoked(proof: Proof): boolean
  /**
   * Resolves when it is in force on every node: each knows of it, or is no longer fresh. Takes a second where the log is shared.
   * In force here at once. Fails as `publish` does, with BAD_REQUEST on a target or times that are none and on an end that is past,
   * with UNAVAILABLE where it came to nothing, and with LIMIT_EXCEEDED where too many revocations are in force.
   */
  revoke(request: RevokeRequest): Promise<void>
  /** Within it a name is spent once. What is to count once carries it, so that nothing counts again in a later one. */
  readonly spendScope: string
  /**
   * Uses up a name, once among all nodes, and remembers that until a moment in wall time, after which it says no to it. True
   * for the first who asks. Waits for no disk where there is one node. Fails as `publish` does, and with UNAVAILABLE where
   * too many are remembered.
   */
  spend(name: string, until: number): Promise<boolean>
  /** Asks for the ownership of a named thing for this node, or renews it. Fails as `publish` does. */
  claim(name: string, leaseMs: number): Promise<ClaimAnswer>
  /** Gives an ownership back. Harmless where it is not this node's. */
  release(name: string): Promise<void>
  ownerOf(name: string): { readonly owner: string; readonly fence: Fence; readonly until: number } | undefined
  /** The nodes that are there, this one included. */
  nodes(): readonly PresentNode[]
  onChange(listener: (change: ControlChange) => void): () => void
}
