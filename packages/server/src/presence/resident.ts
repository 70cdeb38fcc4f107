import type { Proof } from "@magpie/journal"
import type { Watched } from "../flow/timing-wheel.ts"
import type { Connection } from "../session/connection.ts"
import type { Claim } from "./claims.ts"
import type { Room } from "./room.ts"

type ResidentState =
  | { readonly name: "linked"; readonly connection: Connection }
  /** Its link was lost; it leaves at that moment unless it comes back. */
  | { readonly name: "held"; readonly untilMs: number }
  | { readonly name: "gone" }

/** A member whose session is this node's, over the links of that session. */
export class Resident implements Watched {
  readonly room: Room
  readonly member: string
  claim: Claim
  /** What its session last came in with. */
  proof: Proof = {}
  state: ResidentState
  readonly #onLeaseOver: (resident: Resident) => void

  constructor(room: Room, claim: Claim, connection: Connection, onLeaseOver: (resident: Resident) => void) {
    this.room = room
    this.member = claim.member
    this.claim = claim
    this.state = { name: "linked", connection }
    this.#onLeaseOver = onLeaseOver
  }

  isOn(connection: Connection): boolean {
    return this.state.name === "linked" && this.state.connection === connection
  }

  check(nowMs: number): number | undefined {
    if (this.state.name !== "held") return undefined
    if (nowMs < this.state.untilMs) return this.state.untilMs - nowMs
    this.#onLeaseOver(this)
    return undefined
  }
}
