/** `waiting`: another node does it, or the neighbour is out of reach. `stuck`: it stands before a record that goes no further. */
export type NeighbourState = "waiting" | "running" | "stuck" | "closed"

/** An ingress or an egress while it lasts. */
export interface NeighbourLink<Counts> {
  readonly name: string
  readonly state: NeighbourState
  /** Since it was made, on this node. */
  readonly counts: Readonly<Counts>
  /** What is under way is given up, and done again by whoever goes on. Idempotent; closes with the server too. */
  close(): Promise<void>
}
