import { isRevokedBy, type Proof, type Revocation } from "@magpie/journal"
import { CLOSE_CODES, type Crypto, type JsonText, MagpieError, reconnectsAfter } from "@magpie/protocol"
import { proofOf as proofOfIdentity } from "../access/identity.ts"
import { encodedBytes } from "../flow/batch.ts"
import type { Connection } from "../session/connection.ts"
import type { Claim, Farewell } from "./claims.ts"
import { memberName } from "./member-name.ts"
import type { PresenceContext } from "./presence-context.ts"
import { Resident } from "./resident.ts"
import type { Room } from "./room.ts"
import type { Rooms } from "./rooms.ts"

export interface ResidentsOptions {
  readonly context: PresenceContext
  readonly crypto: Crypto
  readonly rooms: Rooms
  /** This node, among all nodes. */
  readonly node: () => string
  /** What other nodes have to hear. */
  onClaim(room: Room, claim: Claim): void
  onFarewell(room: Room, farewell: Farewell): void
}

/** A close without a code, which RFC 6455 calls 1005: the other side is done. */
const NO_STATUS = 1005

/** The members whose sessions are this node's. */
export class Residents {
  readonly #options: ResidentsOptions
  readonly #byConnection = new Map<Connection, Map<string, Resident>>()
  readonly #held = new Set<Resident>()
  readonly #names = new WeakMap<Connection, string>()
  #revision = 0

  constructor(options: ResidentsOptions) {
    this.#options = options
  }

  /** The highest number that was given to a claim or farewell. */
  get revision(): number {
    return this.#revision
  }

  /** Fails with UNAUTHORIZED for a connection that is no longer open. */
  nameOf(connection: Connection): string {
    const known = this.#names.get(connection)
    if (known !== undefined) return known
    if (connection.open === undefined) throw new MagpieError("UNAUTHORIZED", "say hello first")
    const name = memberName(this.#options.crypto, connection.open.producer)
    this.#names.set(connection, name)
    return name
  }

  /** Where this connection's session is present; from now on by what it last came in with. */
  renew(connection: Connection): readonly string[] {
    const mine = this.#byConnection.get(connection) ?? new Map<string, Resident>()
    for (const resident of mine.values()) resident.proof = proofOf(connection)
    return [...mine.keys()]
  }

  /** Makes the connection's session a member with this state. Returns its name. Fails with LIMIT_EXCEEDED. */
  enter(connection: Connection, room: Room, state: JsonText, link = 0): string {
    const member = this.nameOf(connection)
    const known = room.residents.get(member)
    if (known === undefined || !known.isOn(connection)) this.#attach(connection, room, known)
    const word = { state, bytes: encodedBytes(state), link: Math.max(link, known?.claim.link ?? 0) }
    const resident = known ?? this.#admit(connection, room, member, word)
    resident.proof = proofOf(connection)
    if (known !== undefined && (known.claim.state !== state || known.claim.link !== word.link))
      this.#claim(known, { ...known.claim, ...word, revision: ++this.#revision })
    return member
  }

  #admit(connection: Connection, room: Room, member: string, word: Pick<Claim, "state" | "bytes" | "link">): Resident {
    const { context, node } = this.#options
    const claim: Claim = {
      ...word,
      member,
      user: connection.userId,
      at: context.clock.now(),
      node: node(),
      revision: ++this.#revision,
    }
    const resident = new Resident(room, claim, connection, (over) => this.part(over))
    this.#byConnection.get(connection)?.set(room.channel, resident)
    room.residents.set(member, resident)
    context.counters.add("presence", "entered")
    this.#claim(resident, claim)
    return resident
  }

  /** Makes room on the connection's list, and puts one there who comes back or was on another link. */
  #attach(connection: Connection, room: Room, known: Resident | undefined): void {
    const { limits, wheel } = this.#options.context
    const mine = this.#byConnection.get(connection) ?? new Map<string, Resident>()
    if (mine.size >= limits.presencesPerConnection) throw limit("presencesPerConnection", limits.presencesPerConnection)
    if (known === undefined && !room.has(this.nameOf(connection)) && room.counts.members >= limits.presenceMembers)
      throw limit("presenceMembers", limits.presenceMembers)
    this.#byConnection.set(connection, mine)
    if (known === undefined) return
    this.#detach(known)
    wheel.unwatch(known)
    known.state = { name: "linked", connection }
    mine.set(room.channel, known)
  }

  #detach(resident: Resident): void {
    this.#held.delete(resident)
    if (resident.state.name !== "linked") return
    const mine = this.#byConnection.get(resident.state.connection)
    mine?.delete(resident.room.channel)
    if (mine?.size === 0) this.#byConnection.delete(resident.state.connection)
  }

  #claim(resident: Resident, claim: Claim): void {
    resident.claim = claim
    resident.room.claims.put(claim)
    this.#options.onClaim(resident.room, claim)
  }

  /** The session leaves the channel; false where it was not there. */
  leave(connection: Connection, channel: string): boolean {
    const resident = this.#options.rooms.get(channel)?.residents.get(this.nameOf(connection))
    if (resident === undefined) return false
    this.part(resident)
    return true
  }

  /** It is a member no longer, on any node. */
  part(resident: Resident): void {
    const { context, rooms, onFarewell } = this.#options
    const { room, member, claim } = resident
    this.#detach(resident)
    context.wheel.unwatch(resident)
    resident.state = { name: "gone" }
    room.residents.delete(member)
    const farewell: Farewell = { member, node: claim.node, link: claim.link, revision: ++this.#revision }
    room.claims.bid(farewell, context.clock.monotonic())
    context.counters.add("presence", "left")
    onFarewell(room, farewell)
    rooms.release(room)
  }

  /** The link has ended: whoever said so leaves at once, the others are held for a while, because they may come back. */
  lost(connection: Connection, code: number): void {
    const forGood = code === NO_STATUS || code === CLOSE_CODES.GOING_AWAY || (!reconnectsAfter(code) && code !== CLOSE_CODES.REPLACED)
    for (const resident of [...(this.#byConnection.get(connection)?.values() ?? [])]) {
      if (forGood) this.part(resident)
      else this.#hold(resident)
    }
    this.#byConnection.delete(connection)
  }

  #hold(resident: Resident): void {
    if (resident.state.name !== "linked") return
    const { clock, wheel, leaseMs } = this.#options.context
    this.#detach(resident)
    this.#held.add(resident)
    resident.state = { name: "held", untilMs: clock.monotonic() + leaseMs }
    wheel.watch(resident, leaseMs)
  }

  /** The member left on another node: where that was on a newer link than this node's, it left here too. */
  bade(room: Room, { member, link }: Farewell): void {
    const resident = room.residents.get(member)
    if (resident !== undefined && resident.claim.link < link) this.part(resident)
  }

  /** Nobody waits for these sessions any more; those that are connected are sent away by others. */
  revoke(revocation: Revocation): void {
    for (const resident of [...this.#held]) if (isRevokedBy(revocation, resident.proof)) this.part(resident)
  }

  close(): void {
    for (const resident of this.#held) this.#options.context.wheel.unwatch(resident)
    this.#held.clear()
    this.#byConnection.clear()
  }
}

function proofOf({ identity }: Connection): Proof {
  return identity === undefined ? {} : proofOfIdentity(identity)
}

function limit(name: "presencesPerConnection" | "presenceMembers", value: number): MagpieError {
  const what =
    name === "presenceMembers" ? `a channel has at most ${value} members` : `a connection is present on at most ${value} channels`
  return new MagpieError("LIMIT_EXCEEDED", what, { details: { limit: name } })
}
