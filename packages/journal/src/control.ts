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
  | { readonly type: "revoked"; readonly user: string; readonly issuedUntil: number; readonly until: number }
  /** A node came, or was silent for too long. */
  | { readonly type: "nodes" }

export interface PresentNode {
  readonly id: string
  readonly name: string
  /** The newest rules of the state machine that it knows. */
  readonly supports: number
}

export interface RevokeRequest {
  readonly user: string
  /** Tokens issued up to this moment no longer count. Default: now. */
  readonly issuedUntil?: number
  /** When it may be forgotten: the end of the longest-lived of those tokens. Both in wall time, milliseconds since 1970. */
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
  /** Whether a token of this user no longer counts; without a time of issue, any. */
  isRevoked(user: string, issuedAt?: number): boolean
  /**
   * Resolves when it is durable and in force here; within a second it is everywhere. Fails as `publish` does, with BAD_REQUEST
   * on times that are none or past, and with UNAVAILABLE where it came to nothing.
   */
  revoke(request: RevokeRequest): Promise<void>
  /** Asks for the ownership of a named thing for this node, or renews it. Fails as `publish` does. */
  claim(name: string, leaseMs: number): Promise<ClaimAnswer>
  /** Gives an ownership back. Harmless where it is not this node's. */
  release(name: string): Promise<void>
  ownerOf(name: string): { readonly owner: string; readonly fence: Fence; readonly until: number } | undefined
  /** The nodes that are there, this one included. */
  nodes(): readonly PresentNode[]
  onChange(listener: (change: ControlChange) => void): () => void
}
