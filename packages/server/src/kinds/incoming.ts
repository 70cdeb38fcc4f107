import { type ChannelMatch, type JsonText, MagpieError, type Publish, toJsonText, validateMessage } from "@magpie/protocol"
import type { Authorizer } from "../access/authorizer.ts"
import { forbidden } from "../access/authorizer.ts"
import type { Connection } from "../session/connection.ts"

/**
 * Decides whether a publish may go on and what it says: permission, schema, the channel's own accept function. Answers at
 * once unless one of them takes its time. Fails with FORBIDDEN, BAD_REQUEST, or what `accept` threw.
 */
export function admitPublish(
  connection: Connection,
  message: Publish,
  match: ChannelMatch,
  authorizer: Authorizer,
): JsonText | Promise<JsonText> {
  const allowed = authorizer.allowed(connection, message.channel, match, "publish")
  if (allowed instanceof Promise) return allowed.then((yes) => accept(yes))
  return accept(allowed)

  function accept(yes: boolean): JsonText | Promise<JsonText> {
    if (!yes) throw forbidden(message.channel, "publish")
    const data = validateMessage(match.kind, message.name, message.data)
    const acceptor = authorizer.rulesOf(match.pattern)?.accept?.[message.name]
    if (acceptor === undefined) return toJsonText(data)
    const request = { user: connection.identity?.user, channel: message.channel, params: match.params, data, connection: connection.id }
    const replaced = acceptor(request)
    return replaced instanceof Promise ? replaced.then((value) => written(value, data)) : written(replaced, data)
  }

  function written(replacement: unknown, data: unknown): JsonText {
    // It could not be said any more in whose name it comes, nor what became of it.
    if (connection.open === undefined) throw new MagpieError("UNAVAILABLE", "the connection ended before this was decided")
    return toJsonText(replacement === undefined ? data : validateMessage(match.kind, message.name, replacement))
  }
}
