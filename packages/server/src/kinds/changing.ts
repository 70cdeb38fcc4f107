import { type Change, type DurableLog, type MessageRecord, markText } from "@magpie/journal"
import {
  CHANGE,
  type ChangeAction,
  type ChangeRequestData,
  type ChannelMatch,
  changeRequest,
  type Limits,
  MagpieError,
  type Publish,
  READ,
  readRequest,
  type StreamKind,
  toJsonText,
  validateMessage,
} from "@magpie/protocol"
import { type Authorizer, forbidden } from "../access/authorizer.ts"
import type { Action } from "../channel-rules.ts"
import type { Connection } from "../session/connection.ts"
import { type ChangeLimits, type CheckedChange, changeOf, saidOf } from "./change-of.ts"

export interface ChangingOptions {
  readonly log: Pick<DurableLog, "find" | "newest" | "behind">
  readonly authorizer: Authorizer
  readonly limits: ChangeLimits & Pick<Limits, "receiptsPerChannel">
}

/** A channel's rights and rules, for one who wants to change something there. */
interface Asked {
  readonly connection: Connection
  readonly channel: string
  readonly match: ChannelMatch
  readonly kind: StreamKind
}

/** Whether a publish of that name is none of a message. */
export function isChange(name: string): boolean {
  return name === CHANGE || name === READ
}

/**
 * Decides whether a change may go on, and what it is. Resolves in the order of the calls only where the caller waits for
 * each. Fails with FORBIDDEN, BAD_REQUEST, UNRECOVERABLE, CONFLICT, TOO_LARGE, UNAVAILABLE, or what `accept` threw.
 */
export async function admitChange(
  connection: Connection,
  message: Publish,
  match: ChannelMatch,
  options: ChangingOptions,
): Promise<Change> {
  if (match.kind.kind !== "stream") throw new MagpieError("BAD_REQUEST", "only streams hold messages that change")
  const asked = { connection, channel: message.channel, match, kind: match.kind }
  const change = message.name === READ ? await receipt(asked, message, options) : await changeOfMessage(asked, message, options)
  // It could not be said any more in whose name it comes, nor what became of it.
  if (connection.open === undefined) throw new MagpieError("UNAVAILABLE", "the connection ended before this was decided")
  return change
}

async function receipt(asked: Asked, message: Publish, { authorizer, limits }: ChangingOptions): Promise<Change> {
  if (!(await allowed(asked, "receipt", authorizer))) throw forbidden(asked.channel, "receipt")
  if (!asked.kind.receipts) throw new MagpieError("BAD_REQUEST", "the contract has no receipts here", { details: { field: "name" } })
  const { upTo } = readRequest.check(message.data, "data")
  return { action: "read", offset: upTo, most: limits.receiptsPerChannel }
}

async function changeOfMessage(asked: Asked, message: Publish, options: ChangingOptions): Promise<Change> {
  const { authorizer, limits } = options
  const request = changeRequest.check(message.data, "data")
  const own = await allowed(asked, actionOf(request.action), authorizer)
  const others = await allowed(asked, `${request.action}-any` as Action, authorizer, isForOthers(asked.kind, request.action))
  // Before anything is looked up, so that nothing can be found out by asking.
  if (!own && !others) throw forbidden(asked.channel, actionOf(request.action))
  const record = await find(asked, request, options)
  requireRight(asked, record, request.action, { own, others })
  const checked = changeOf(asked.kind, { offset: request.offset, record }, request, limits)
  if (request.action === "edit" || request.action === "append") return accepted(asked, record.name, checked, authorizer)
  return checked.change
}

function actionOf(action: ChangeAction): Action {
  return action === "unreact" ? "react" : action
}

/** Whether the contract lets anybody do this to messages of others. */
function isForOthers(kind: StreamKind, action: ChangeAction): boolean {
  return (action === "edit" || action === "delete") && Object.keys(kind.changes).some((name) => saidOf(kind, name, action) === "any")
}

/** Nobody is the author of what an anonymous one has published, and nobody could take back a reaction of nobody's. */
async function allowed({ connection, channel, match }: Asked, action: Action, authorizer: Authorizer, may = true): Promise<boolean> {
  return may && connection.userId !== undefined && (await authorizer.allowed(connection, channel, match, action))
}

function requireRight(
  { connection, channel, kind }: Asked,
  record: MessageRecord,
  action: ChangeAction,
  { own, others }: { own: boolean; others: boolean },
): void {
  const isOwn = action === "react" || action === "unreact" || record.from === connection.userId
  if (isOwn ? own || others : others && saidOf(kind, record.name, action) === "any") return
  throw forbidden(channel, isOwn ? actionOf(action) : (`${action}-any` as Action))
}

async function find({ channel }: Asked, { offset, mark }: ChangeRequestData, { log }: ChangingOptions): Promise<MessageRecord> {
  const { epoch, offset: newest } = log.newest(channel)
  // Another node has acknowledged it, and this one has yet to hear of it.
  if (offset > newest) await log.behind(channel, { epoch, offset, mark })
  const record = log.find(channel, offset)
  if (record !== undefined && (mark === undefined || mark === markText(record.mark))) return record
  throw new MagpieError("UNRECOVERABLE", "the message is not in history", { details: { channel, offset } })
}

/** The channel's own function sees what the message will say. What it puts in its place is an edit's data; an append cannot have another. */
async function accepted(
  { connection, channel, match, kind }: Asked,
  name: string,
  checked: CheckedChange,
  authorizer: Authorizer,
): Promise<Change> {
  const { change, data } = checked
  const acceptor = authorizer.rulesOf(match.pattern)?.accept?.[name]
  if (acceptor === undefined || (change.action !== "edit" && change.action !== "append")) return change
  const user = connection.identity?.user
  const replaced = await acceptor({ user, channel, params: match.params, data, connection: connection.id, change: change.action })
  if (replaced === undefined) return change
  const edited = toJsonText(validateMessage(kind, name, replaced))
  if (change.action === "edit") return { ...change, data: edited }
  if (edited === toJsonText(data)) return change
  throw new MagpieError("FORBIDDEN", "the channel would have the message say something else", { details: { field: "data" } })
}
