// biome-ignore-all assist/source/organizeImports: the user's part stands first

// For everyone: the contract, the kinds of channel, the errors.
export { commandFailure, failureOf, outcomeError } from "./contract/command-failure.ts"
export type { AnyCommands, CommandKind, CommandOptions, CommandSchemas } from "./contract/command-kind.ts"
export { command } from "./contract/command-kind.ts"
export type { DocumentKind, DocumentOptions } from "./contract/document-kind.ts"
export { document } from "./contract/document-kind.ts"
export type { ChannelKinds, ChannelMatch, Contract } from "./contract/contract.ts"
export { contract } from "./contract/contract.ts"
export type {
  AnyChanges,
  BroadcastKind,
  BroadcastOptions,
  Kind,
  KindName,
  MessageChanges,
  MessageSchemas,
  PresenceSchema,
  Retention,
  StreamKind,
  StreamOptions,
} from "./contract/kinds.ts"
export { broadcast, DEFAULT_RETENTION, stream } from "./contract/kinds.ts"
export type { FilterArguments, KeySchema, TableDurability, TableFilter, TableKind, TableOptions } from "./contract/table-kind.ts"
export { table } from "./contract/table-kind.ts"
export { json } from "./contract/json.ts"
export type {
  Addition,
  AnyContract,
  ChannelName,
  CommandFailure,
  CommandGiven,
  CommandInput,
  CommandName,
  CommandOutput,
  CommandResult,
  FailureInput,
  KindOf,
  MessageInput,
  MessageName,
  MessageOutput,
  MessagesWith,
  ParamsOf,
  PatternName,
  PatternOf,
  PatternsOfKind,
  PatternsWithPresence,
  ProgressInput,
  ProgressOutput,
  ReactionName,
  RowField,
  RowFilter,
  RowInput,
  RowKey,
  RowValue,
  StateInput,
  StateOutput,
} from "./contract/infer.ts"
export type { ErrorCode, ErrorDetails, ErrorOptions } from "./errors.ts"
export { ERROR_CODES, isErrorCode, isMagpieError, MagpieError, toMagpieError } from "./errors.ts"
export { ERROR_REMEDIES, remedyOf } from "./remedies.ts"

// For Magpie's own packages and for other implementations of the protocol.
export { decodeBase64, encodeBase64 } from "./base64.ts"
export { parseChannelName } from "./channel-name.ts"
export type { CloseName } from "./close-codes.ts"
export { CLOSE_CODES, CLOSE_MEANINGS, closeReason, parseCloseReason, reconnectsAfter } from "./close-codes.ts"
export type {
  Codec,
  Decoded,
  DecodeLimits,
  Encoded,
  JsonText,
  PageHeader,
  PresenceDelta,
  PresentText,
  Publication,
  RowsHeader,
  RowText,
  ServerCodec,
} from "./codec/codec.ts"
export { countKeys, inspectJson } from "./codec/inspect-json.ts"
export { jsonCodec } from "./codec/json.ts"
export { jsonServerCodec, storedMessageText, toJsonText } from "./codec/json-server.ts"
export { isReaction, MOST_REACTIONS } from "./contract/check-changes.ts"
export {
  commandOf,
  validateFailure,
  validateFilter,
  validateKey,
  validateMessage,
  validatePart,
  validateState,
  validateValue,
} from "./contract/validate.ts"
export type { Clock, Crypto, Env, Log, LogLevel, Random, Timer } from "./env.ts"
export type { LimitName, Limits } from "./limits.ts"
export { DEFAULT_LIMITS, LIMITS } from "./limits.ts"
export type {
  ChangeAction,
  Changed,
  ChangeRequestData,
  Reaction,
  ReadReceipt,
  Receipts,
  ReceiptsPage,
  Version,
  Versions,
  VersionsPage,
} from "./messages/change.ts"
export { CHANGE, CHANGE_ACTIONS, changeRequest, DELETED, READ, readRequest } from "./messages/change.ts"
export type { Command, CommandErrorData, CommandRequestData, CommandState, Unserved } from "./messages/command.ts"
export { COMMAND, COMMAND_STATES, commandError, commandRequest, isFinal } from "./messages/command.ts"
export type { DocumentMessage } from "./messages/document.ts"
export type { DownMessage, PresenceDown } from "./messages/down.ts"
export { DOWN_SHAPES, parseDown } from "./messages/down.ts"
export type { Enter, Entered } from "./messages/enter.ts"
export type { ErrorReply } from "./messages/error.ts"
export type { Gap } from "./messages/gap.ts"
export type { GoAway } from "./messages/go-away.ts"
export type { Hello } from "./messages/hello.ts"
export type { History, HistoryPage } from "./messages/history.ts"
export type { Leave, Left } from "./messages/leave.ts"
export type { Counts, Members, MembersPage, Present } from "./messages/members.ts"
export type { Message, StoredMessage } from "./messages/message.ts"
export type { Ping, Pong } from "./messages/ping.ts"
export type { NewestPosition } from "./messages/position.ts"
export type { Presence } from "./messages/presence.ts"
export type { Publish } from "./messages/publish.ts"
export type { Published } from "./messages/published.ts"
export type { Row, RowAction, RowRequestData, Rows } from "./messages/row.ts"
export { ROW, ROW_ACTIONS, rowRequest } from "./messages/row.ts"
export type { Subscribe } from "./messages/subscribe.ts"
export type { Subscribed, UnrecoverableReason } from "./messages/subscribed.ts"
export { UNRECOVERABLE_REASONS } from "./messages/subscribed.ts"
export type { Token, TokenAccepted, TokenExpiring } from "./messages/token.ts"
export type { Unsubscribe } from "./messages/unsubscribe.ts"
export type { Unsubscribed } from "./messages/unsubscribed.ts"
export type { Unwatch, Unwatched } from "./messages/unwatch.ts"
export type { PresenceUp, UpMessage } from "./messages/up.ts"
export { parseUp, UP_SHAPES } from "./messages/up.ts"
export type { AwarenessData } from "./messages/awareness.ts"
export { AWARENESS, awarenessData } from "./messages/awareness.ts"
export type { UpdateData } from "./messages/update.ts"
export { UPDATE, updateData } from "./messages/update.ts"
export type { Watch, Watched, WatchMode } from "./messages/watch.ts"
export { WATCH_MODES } from "./messages/watch.ts"
export type { Welcome } from "./messages/welcome.ts"
export type { AckLevel, Position } from "./position.ts"
export { ACK_LEVELS, positionShape } from "./position.ts"
export {
  DEFAULT_PATH,
  OLDEST_PROTOCOL_VERSION,
  PROTOCOL_VERSION,
  STANDING_ID,
  SUBPROTOCOL_JSON,
  SUBPROTOCOL_TICKET_PREFIX,
  SUBPROTOCOL_TOKEN_PREFIX,
} from "./version.ts"
