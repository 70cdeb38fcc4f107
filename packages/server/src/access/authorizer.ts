import { type ChannelMatch, type Log, MagpieError, toMagpieError } from "@magpie/protocol"
import type { Action, AnyChannelRules } from "../channel-rules.ts"
import { failureFields } from "../metrics/failure-fields.ts"
import type { Connection } from "../session/connection.ts"
import { isRevocable } from "./identity.ts"

export interface Authorizer {
  setRules(pattern: string, rules: AnyChannelRules): void
  rulesOf(pattern: string): AnyChannelRules | undefined
  /**
   * True at once where this connection was granted it before. A failing function is a no. Fails with UNAVAILABLE only, where
   * this node does not know who was revoked. `row` is the key of a table's row: of each row it is asked anew.
   */
  allowed(connection: Connection, channel: string, match: ChannelMatch, action: Action, row?: string): boolean | Promise<boolean>
  /** Why this connection may not go on: FORBIDDEN, or UNAVAILABLE where `allowed` fails. Undefined where it may. */
  refusal(connection: Connection, channel: string, match: ChannelMatch, action: Action, row?: string): Promise<MagpieError | undefined>
  /** Everything is asked again, because the rights may have changed. */
  forget(connection: Connection): void
}

/** Grants that one connection remembers; with more it asks again. */
const MAX_GRANTS = 4_096

/** `requireFresh` fails with UNAVAILABLE where nothing is to be granted just now. */
export function createAuthorizer(log: Log, requireFresh: () => void = () => {}): Authorizer {
  const rules = new Map<string, AnyChannelRules>()

  function grant(connection: Connection, key: string | undefined): true {
    if (key === undefined) return true
    connection.granted ??= new Set()
    if (connection.granted.size >= MAX_GRANTS) connection.granted.clear()
    connection.granted.add(key)
    return true
  }

  function failed(channel: string, action: Action, cause: unknown): false {
    log("error", "authorize-failed", { channel, action, ...failureFields(cause) })
    return false
  }

  const authorizer: Authorizer = {
    setRules: (pattern, its) => void rules.set(pattern, its),
    rulesOf: (pattern) => rules.get(pattern),
    allowed(connection, channel, match, action, row) {
      if (isRevocable(connection.identity)) requireFresh()
      // Looked at only now: that may have shown that its user was revoked.
      const identity = connection.identity
      if (identity === undefined) return false
      const key = row === undefined ? `${action} ${channel}` : undefined
      if (key !== undefined && connection.granted?.has(key)) return true
      const rule = rules.get(match.pattern)
      if (rule === undefined || identity.rights?.can(channel, action) === false) return false
      try {
        const answer = rule.authorize({
          user: identity.user,
          channel,
          params: match.params,
          action,
          ...(row === undefined ? undefined : { key: row }),
        })
        if (answer === true) return grant(connection, key)
        if (!(answer instanceof Promise)) return false
        return answer.then(
          (yes) => {
            if (isRevocable(identity)) requireFresh()
            // The identity may have changed while the function was thinking; then its yes is about somebody else.
            return yes === true && connection.identity === identity && grant(connection, key)
          },
          (cause) => failed(channel, action, cause),
        )
      } catch (cause) {
        return failed(channel, action, cause)
      }
    },
    async refusal(connection, channel, match, action, row) {
      try {
        return (await authorizer.allowed(connection, channel, match, action, row)) ? undefined : forbidden(channel, action)
      } catch (failure) {
        return toMagpieError(failure)
      }
    },
    forget(connection) {
      connection.granted = undefined
    },
  }
  return authorizer
}

/** The same answer for a channel that exists and one that does not, so that nothing can be found out by asking [F38]. */
export function forbidden(channel: string, action: Action): MagpieError {
  return new MagpieError("FORBIDDEN", `no permission to ${action} on "${channel}"`, { details: { channel, action } })
}
