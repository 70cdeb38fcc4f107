import type { Proof, RevocationTarget } from "@magpie/journal"
import { proofIn } from "../simulated-token.ts"
import { Violation } from "./violation.ts"
import type { WatchedLink } from "./watched-link.ts"

/** Who was revoked, since when nobody gives them anything any more, and until when [I10]. */
export interface RevocationTruth {
  /** A life of a client was given this to come in with. */
  issued(life: string, token: string): void
  /**
   * Somebody asks for a revocation of what was issued until then, by the wall clock of the server that is asked. What is
   * returned says that the server has said "revoked".
   */
  asked(target: RevocationTarget, issuedUntil: number, forMs: number): () => void
  /** Whether something that was asked for explains that this life is sent away. */
  explains(life: string): boolean
  /** Whether everything that this life came in with has been taken back, and still is. */
  isOut(life: string): boolean
  /** A server has taken a link. What is returned hears what comes and goes on it. */
  accepted(node: string): Pick<WatchedLink, "heard" | "wrote">
  /** Something that this life said at that moment has been taken. Fails where the life had been put out by then. */
  taken(life: string, saidAt: number, what: string): void
  /** An old copy of the only log was put back, which may know nothing of what was revoked. */
  forgotten(): void
}

export interface RevocationTruthOptions {
  monotonic(): number
  /** What the furthest of the servers' wall clocks has ever shown: a revocation ends by the time of the log, which never goes back. */
  furthestClock(): number
  reached(what: string): void
}

interface Asked {
  readonly target: RevocationTarget
  readonly issuedUntil: number
  readonly until: number
  settledAt: number | undefined
}

/** What is given to nobody who is revoked. */
const GIVEN = /"type":"(welcome|subscribed|message|history|entered|watched|members|presence)"/

export function createRevocationTruth({ monotonic, furthestClock, reached }: RevocationTruthOptions): RevocationTruth {
  const all: Asked[] = []
  const tokens = new Map<string, Proof[]>()

  /** Whether each of these was put out before that moment, and still is. */
  function isOut(proofs: readonly Proof[], before: number): boolean {
    const now = furthestClock()
    const holds = ({ settledAt, until }: Asked): boolean => settledAt !== undefined && settledAt < before && now < until
    const inForce = all.filter(holds)
    return proofs.length > 0 && proofs.every((proof) => inForce.some((asked) => covers(asked, proof)))
  }

  return {
    issued: (life, token) => void tokens.set(life, [...(tokens.get(life) ?? []), proofIn(token)]),
    asked(target, issuedUntil, forMs) {
      const asked: Asked = { target, issuedUntil, until: issuedUntil + forMs, settledAt: undefined }
      all.push(asked)
      return () => {
        asked.settledAt = monotonic()
        reached("revoked")
      }
    },
    explains: (life) => tokens.get(life)?.some((proof) => all.some((asked) => covers(asked, proof))) ?? false,
    isOut: (life) => isOut(tokens.get(life) ?? [], monotonic()),
    accepted(node) {
      const presented: Proof[] = []
      return {
        heard(frame) {
          const token = tokenIn(frame)
          if (token !== undefined) presented.push(proofIn(token))
        },
        wrote(frame) {
          if (all.length === 0 || !isOut(presented, monotonic())) return
          reached("spoken-to-after-revoked")
          if (GIVEN.test(frame())) throw new Violation("I10", `${node} gave somebody who is revoked ${frame()}`)
        },
      }
    },
    taken(life, saidAt, what) {
      if (all.length > 0 && isOut(tokens.get(life) ?? [], saidAt))
        throw new Violation("I10", `${what} was taken, and ${life} had been revoked before it said so`)
    },
    forgotten() {
      for (const asked of all) asked.settledAt = undefined
    },
  }
}

function covers({ target, issuedUntil }: Asked, { user, token, claims, issuedAt = 0 }: Proof): boolean {
  if (issuedAt > issuedUntil) return false
  if ("user" in target) return target.user === user
  if ("token" in target) return target.token === token
  return Object.entries(target.claim).every(([name, value]) => claims?.[name] === value)
}

/** What a hello or a fresh token brings. */
function tokenIn(frame: string): string | undefined {
  return /"type":"(?:hello|token)".*?"token":"([^"]*)"/.exec(frame)?.[1]
}
