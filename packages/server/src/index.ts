// For everyone who runs a server.

export { memoryStorage } from "@magpie/journal"
export { lmdb } from "@magpie/journal/lmdb"
export { broadcast, command, commandFailure, contract, isMagpieError, json, MagpieError, stream, table } from "@magpie/protocol"
export type { RevokeOptions } from "./access/access.ts"
export type { Capabilities, CapabilitiesOptions, CapabilityClaim, CapabilityQuestion } from "./access/capabilities.ts"
export { capabilities } from "./access/capabilities.ts"
export type { Authenticator, Credentials, Identity, IdentityLimits, User } from "./access/identity.ts"
export { anonymous, anyOf } from "./access/identity.ts"
export type { MessageRate } from "./access/message-rates.ts"
export type { OriginPolicy } from "./access/origin.ts"
export type { TicketOptions, Tickets } from "./access/tickets.ts"
export type { AcceptRequest, Action, AuthorizeRequest, ChannelRules, CommandContext, Overflow, OverflowMessage } from "./channel-rules.ts"
export type { AuditEvent, AuditLog, Unended } from "./commands/audit.ts"
export type { ServerCommand } from "./commands/server-command.ts"
export type { ConnectionHandle, Connections } from "./core/connections.ts"
export type { Derive, DerivedFrom, DeriveOptions } from "./core/deriving.ts"
export type {
  MessagePlace,
  ServerBroadcastChannel,
  ServerChannel,
  ServerStreamChannel,
} from "./core/server-channel.ts"
export type { CommandOutcome, ServerCallOptions, ServerCommands } from "./core/server-commands.ts"
export type { ServerPublishOptions, ServerReceipt } from "./core/server-receipt.ts"
export type { ServerRow, ServerTable, ServerWriteOptions } from "./core/server-table.ts"
export type { ApiAction, ApiRights, ApiUser } from "./http/rights.ts"
export type { Egress, EgressCounts } from "./neighbours/egress.ts"
export type { EgressContent } from "./neighbours/egress-record.ts"
export type { Ingress, IngressCounts } from "./neighbours/ingress.ts"
export type { IngressRecord } from "./neighbours/ingress-record.ts"
export type { NeighbourLink, NeighbourState } from "./neighbours/neighbour-link.ts"
export type { EgressOptions, IngressOptions, IngressPublish } from "./neighbours/neighbours.ts"
export type { ApiKeysOptions } from "./node/api-keys.ts"
export { apiKeys } from "./node/api-keys.ts"
export type { AuditFileOptions } from "./node/audit-file.ts"
export { auditFile } from "./node/audit-file.ts"
export type { AuditLine } from "./node/audit-line.ts"
export type { TlsExpiry, TlsFiles, TlsOptions, TlsPair } from "./node/certificate.ts"
export type { CloseCause, Listening, ListenOptions, Server, ServerOptions } from "./node/create-server.ts"
export { createServer } from "./node/create-server.ts"
export type { DirectorySnapshotsOptions } from "./node/directory-snapshots.ts"
export { directorySnapshots } from "./node/directory-snapshots.ts"
export type { Endpoint, EndpointHandler, EndpointOptions, PlainSocket } from "./node/endpoint.ts"
export type { ApiHandler } from "./node/http-api.ts"
export type { RequestHandler } from "./node/http-server.ts"
export type { ClaimedUser, JwtOptions } from "./node/jwt.ts"
export { jwt } from "./node/jwt.ts"
// For transports.
export { nodeEnv } from "./node/node-env.ts"
export type { AuditVerdict, VerifyAuditOptions } from "./node/verify-audit.ts"
export { verifyAudit } from "./node/verify-audit.ts"
export type { ApiOptions } from "./options.ts"
export { DEFAULT_API_PREFIX } from "./options.ts"
export type { PageRequest, PresentMember, PresentPage, ServerPresence } from "./presence/read-presence.ts"
export type {
  ServerMessage,
  ServerStreamEvent,
  ServerStreamPage,
  ServerStreamReading,
  StreamFollowOptions,
  StreamReadOptions,
} from "./reading/server-stream-reading.ts"
