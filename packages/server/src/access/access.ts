import type { DurableLog, RevocationTarget } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"
import type { TimingWheel } from "../flow/timing-wheel.ts"
import type { CheckedOptions, CoreEnvironment } from "../options.ts"
import type { Registry } from "../session/registry.ts"
import { type Authorizer, createAuthorizer } from "./authorizer.ts"
import type { Authenticator, User } from "./identity.ts"
import { createMessageRates, type MessageRates } from "./message-rates.ts"
import { createRefusals, type Refusals } from "./refusals.ts"
import { createRevocations, type Revocations } from "./revocations.ts"
import { createSpeedCheck, type SpeedCheck } from "./speed-check.ts"
import { createTicketOffice, isTicket, type Tickets } from "./tickets.ts"

/** Whom or what to revoke: `{ user: "ann" }`, `{ token: "a token's jti" }` or `{ claim: { org: "acme" } }`. */
export type RevokeOptions = RevocationTarget & {
  /** How long it holds, in milliseconds: at least as long as what was given out until now lives. Default 30 days. */
  readonly forMs?: number
}

/** Who may come in, what they may do there, and how often. */
export interface Access<U extends User> {
  /** The server's own authenticator, with tickets in front of it. */
  readonly auth: Authenticator
  readonly authorizer: Authorizer
  readonly revocations: Revocations
  /** Credentials that count once. */
  readonly tickets: Tickets<U>
  readonly refusals: Refusals
  readonly tooFast: SpeedCheck
  readonly messageRates: MessageRates
  /**
   * Sends away whoever came in with what is revoked, on every node, with the close REVOKED, and lets nobody in with it again:
   * connections, sessions that would be resumed, tickets. What is issued later holds. Resolves when nothing more is delivered
   * to them anywhere [G10]: at once with one node, after a second where the log is shared. Fails with BAD_REQUEST, with
   * LIMIT_EXCEEDED where too many revocations are in force, and with UNAVAILABLE.
   */
  revoke(options: RevokeOptions): Promise<void>
  close(): void
}

const REVOKED_MS = 30 * 86_400_000
/** Ten years: what is to hold longer needs another key. */
const LONGEST_REVOKED_MS = 10 * 365 * 86_400_000

export interface AccessOptions {
  readonly options: CheckedOptions
  readonly env: CoreEnvironment
  readonly log: DurableLog
  readonly registry: Registry
  readonly wheel: TimingWheel
  /** What session tokens and tickets are signed with, the first, and verified by, all. */
  readonly keys: () => readonly Uint8Array[]
}

export function createAccess<U extends User>({ options, env, log, registry, wheel, keys }: AccessOptions): Access<U> {
  const { clock, random, crypto } = env
  const { limits } = options
  const revocations = createRevocations({ control: log.control, registry, wheel })
  const tickets = createTicketOffice<U>({ clock, random, crypto, control: log.control, keys, maxBytes: limits.tokenBytes })
  return {
    auth: {
      authenticate(credentials, itsClock, itsLog) {
        const { token, ticket = token } = credentials
        if (ticket === undefined || (credentials.ticket === undefined && !isTicket(ticket))) {
          return options.auth.authenticate(credentials, itsClock, itsLog)
        }
        return tickets.redeem(ticket, credentials)
      },
    },
    authorizer: createAuthorizer(env.log, revocations.requireFresh),
    revocations,
    tickets,
    refusals: createRefusals({ clock, limits, log: env.log }),
    tooFast: createSpeedCheck({ clock, limits }),
    messageRates: createMessageRates(clock, limits.trackedRates),
    async revoke({ forMs = REVOKED_MS, ...target }) {
      if (!Number.isSafeInteger(forMs) || forMs < 1 || forMs > LONGEST_REVOKED_MS) {
        throw new MagpieError("BAD_REQUEST", `forMs is not a whole number of milliseconds from 1 to ${LONGEST_REVOKED_MS}`, {
          details: { field: "forMs" },
        })
      }
      await log.control.revoke({ ...target, until: Math.floor(clock.now()) + forMs })
    },
    close: revocations.close,
  }
}
