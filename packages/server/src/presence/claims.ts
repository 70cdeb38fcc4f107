import type { Arrival } from "./roster.ts"

/** One node's word that a member is present. */
export interface Claim extends Arrival {
  readonly node: string
  /** Rises with each link of the member's client: of two nodes that claim it, the higher one has the newer link. */
  readonly link: number
  /** Rises with each word of that node. */
  readonly revision: number
}

/** A node's word that a member left: nothing that was claimed of it until then counts. */
export interface Farewell {
  readonly member: string
  readonly node: string
  readonly link: number
  readonly revision: number
}

/** What comes of the claims: who is seen. */
export interface Show {
  show(arrival: Arrival): void
  hide(member: string): void
}

/**
 * What all nodes claim of one room, and who is seen for that: a member as long as one node claims it, and then as the node
 * with its newest link says. So nobody is seen to leave who only moved to another node.
 */
export class Claims {
  readonly #show: Show
  readonly #keepMs: number
  readonly #claims = new Map<string, readonly Claim[]>()
  /** Kept for a while, oldest first: what was claimed before may still be on its way. */
  readonly #farewells = new Map<string, Farewell & { readonly atMs: number }>()

  constructor(show: Show, keepMs: number) {
    this.#show = show
    this.#keepMs = keepMs
  }

  of(member: string, node: string): Claim | undefined {
    return this.#claims.get(member)?.find((claim) => claim.node === node)
  }

  put(claim: Claim): void {
    const others = this.#claims.get(claim.member)?.filter(({ node }) => node !== claim.node) ?? []
    this.#claims.set(claim.member, [...others, claim])
    this.#settle(claim.member)
  }

  /** The node no longer claims it. */
  drop(member: string, node: string): void {
    const left = this.#claims.get(member)?.filter((claim) => claim.node !== node)
    if (left === undefined) return
    if (left.length > 0) this.#claims.set(member, left)
    else this.#claims.delete(member)
    this.#settle(member)
  }

  /** The member left, wherever it was. */
  bid(farewell: Farewell, nowMs: number): void {
    for (const [member, { atMs }] of this.#farewells) {
      if (nowMs - atMs < this.#keepMs) break
      this.#farewells.delete(member)
    }
    const known = this.#farewells.get(farewell.member)
    if (known === undefined || known.link <= farewell.link) {
      this.#farewells.delete(farewell.member)
      this.#farewells.set(farewell.member, { ...farewell, atMs: nowMs })
    }
    const { member, node, revision } = farewell
    if ((this.of(member, node)?.revision ?? 0) <= revision) this.drop(member, node)
    this.#settle(member)
  }

  /** Whether the member is known to have left after that was claimed. */
  #isOver({ member, node, link, revision }: Claim): boolean {
    const farewell = this.#farewells.get(member)
    if (farewell === undefined) return false
    return farewell.node === node ? revision <= farewell.revision : link < farewell.link
  }

  #settle(member: string): void {
    let best: Claim | undefined
    for (const claim of this.#claims.get(member) ?? []) {
      if (this.#isOver(claim)) continue
      if (best === undefined || claim.link > best.link || (claim.link === best.link && claim.node > best.node)) best = claim
    }
    if (best === undefined) this.#show.hide(member)
    else this.#show.show(best)
  }
}
