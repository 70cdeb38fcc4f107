import type { Shape } from "../shape.ts"
import { type ReceiptsPage, receiptsPage, type VersionsPage, versionsPage } from "./change.ts"
import { type Command, command, type Unserved, unserved } from "./command.ts"
import { type DocumentMessage, documentMessage } from "./document.ts"
import { type Entered, entered } from "./enter.ts"
import { type ErrorReply, error } from "./error.ts"
import { type Gap, gap } from "./gap.ts"
import { type GoAway, goAway } from "./go-away.ts"
import { type HistoryPage, historyPage } from "./history.ts"
import { type Left, left } from "./leave.ts"
import { type MembersPage, membersPage } from "./members.ts"
import { type Message, message } from "./message.ts"
import { type Pong, pong } from "./ping.ts"
import { type NewestPosition, newestPosition } from "./position.ts"
import { type Presence, presence } from "./presence.ts"
import { type Published, published } from "./published.ts"
import { type Rows, rows } from "./row.ts"
import { type Subscribed, subscribed } from "./subscribed.ts"
import { type TokenAccepted, type TokenExpiring, tokenAccepted, tokenExpiring } from "./token.ts"
import { type Unsubscribed, unsubscribed } from "./unsubscribed.ts"
import { type Unwatched, unwatched } from "./unwatch.ts"
import { parseBy } from "./up.ts"
import { type Watched, watched } from "./watch.ts"
import { type Welcome, welcome } from "./welcome.ts"

/** What a server may say of who is present. */
export type PresenceDown = Entered | Left | Watched | Unwatched | MembersPage | Presence

/** Everything that a server may say. */
export type DownMessage =
  | Welcome
  | Subscribed
  | Unsubscribed
  | Published
  | Message
  | HistoryPage
  | TokenAccepted
  | TokenExpiring
  | ErrorReply
  | Gap
  | NewestPosition
  | Pong
  | GoAway
  | VersionsPage
  | ReceiptsPage
  | Rows
  | Command
  | Unserved
  | DocumentMessage
  | PresenceDown

export const DOWN_SHAPES: ReadonlyMap<string, Shape<DownMessage>> = new Map<string, Shape<DownMessage>>([
  ["welcome", welcome],
  ["subscribed", subscribed],
  ["unsubscribed", unsubscribed],
  ["published", published],
  ["message", message],
  ["history", historyPage],
  ["token", tokenAccepted],
  ["token-expiring", tokenExpiring],
  ["error", error],
  ["gap", gap],
  ["position", newestPosition],
  ["pong", pong],
  ["go-away", goAway],
  ["versions", versionsPage],
  ["receipts", receiptsPage],
  ["rows", rows],
  ["command", command],
  ["unserved", unserved],
  ["document", documentMessage],
  ["entered", entered],
  ["left", left],
  ["watched", watched],
  ["unwatched", unwatched],
  ["members", membersPage],
  ["presence", presence],
])

/** Fails with BAD_REQUEST naming the field; an unknown type that is not marked `critical` is to be ignored. */
export function parseDown(value: unknown): DownMessage {
  return parseBy(DOWN_SHAPES, value)
}
