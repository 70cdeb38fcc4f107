import { DOCUMENT_LIMITS } from "./document-limits.ts"
import { HTTP_LIMITS } from "./http-limits.ts"
import type { LimitRow } from "./limit-row.ts"

/**
 * Everything that a remote side can make grow, and how much of the machine it may take, with its default. The table is the
 * only list; docs are made from it.
 */
export const LIMITS = {
  connections: { value: 50_000, unit: "count", answer: "close CONNECTION_LIMIT", about: "open connections of one server" },
  connectionsPerAddress: { value: 1_000, unit: "count", answer: "close CONNECTION_LIMIT", about: "open connections from one address" },
  connectionsPerUser: {
    value: 100,
    unit: "count",
    answer: "close CONNECTION_LIMIT",
    about: "open connections of one user; anonymous ones do not count",
  },
  handshakesPerSecond: {
    value: 2_000,
    unit: "per second",
    answer: "http 503",
    about: "upgrades that one server begins, with a burst of twice as many",
  },
  handshakesPerAddressPerSecond: {
    value: 200,
    unit: "per second",
    answer: "http 503",
    about: "upgrades that one address may begin, with a burst of ten times as many",
  },
  turnAwaysPerSecond: {
    value: 500,
    unit: "per second",
    answer: "http 503",
    about:
      "upgrades beyond the rate that are taken only to be told by a close when to come back, at most a tenth of them from one address; the rest gets a bare 503",
  },
  handshakeMs: { value: 5_000, unit: "ms", answer: "http 408", about: "time from the TCP connection to the whole request" },
  helloMs: { value: 5_000, unit: "ms", answer: "close AUTH_TIMEOUT", about: "time from the upgrade to a valid hello" },
  helloBytes: {
    value: 65_536,
    unit: "bytes",
    answer: "close BAD_REQUEST",
    about: "bytes that a connection may send before it is authenticated",
  },
  helloMessages: {
    value: 8,
    unit: "count",
    answer: "close BAD_REQUEST",
    about: "messages that a connection may send before it is authenticated",
  },
  tokenBytes: { value: 8_192, unit: "bytes", answer: "UNAUTHORIZED", about: "length of a token" },
  wrongCredentialsPerAddressPerSecond: {
    value: 20,
    unit: "per second",
    answer: "RATE_LIMITED",
    about: "credentials from one address that do not hold, with a burst of ten times as many; then none from there are looked at",
  },
  messageBytes: {
    value: 65_536,
    unit: "bytes",
    answer: "close MESSAGE_TOO_BIG",
    about: "length of one WebSocket message that a client sends",
  },
  messageFragments: { value: 131_072, unit: "count", answer: "close POLICY", about: "frames that one WebSocket message may be cut into" },
  messagesPerFrame: { value: 1_024, unit: "count", answer: "BAD_REQUEST", about: "messages that a client may put into one frame" },
  jsonDepth: { value: 64, unit: "levels", answer: "BAD_REQUEST", about: "nesting of JSON" },
  jsonKeys: { value: 10_000, unit: "count", answer: "BAD_REQUEST", about: "object keys in one message" },
  channelNameBytes: { value: 255, unit: "bytes", answer: "BAD_REQUEST", about: "length of a channel's name" },
  subscriptionsPerConnection: { value: 1_000, unit: "count", answer: "LIMIT_EXCEEDED", about: "channels that one connection follows" },
  messagesPerSecond: {
    value: 200,
    unit: "per second",
    answer: "RATE_LIMITED",
    about: "messages of one connection, with a burst of twice as many",
  },
  messagesPerUserPerSecond: {
    value: 1_000,
    unit: "per second",
    answer: "RATE_LIMITED",
    about: "messages of one user, with a burst of twice as many",
  },
  messagesPerAddressPerSecond: {
    value: 5_000,
    unit: "per second",
    answer: "RATE_LIMITED",
    about: "messages from one address, with a burst of twice as many",
  },
  trackedRates: {
    value: 100_000,
    unit: "count",
    answer: "RATE_LIMITED",
    about: "users and addresses whose rate is remembered; the longest unused is forgotten first",
  },
  rateStrikes: {
    value: 1_000,
    unit: "count",
    answer: "close RATE_LIMITED",
    about: "refusals for rate in ten seconds before the connection is closed",
  },
  badRequests: {
    value: 10,
    unit: "count",
    answer: "close TOO_MANY_ERRORS",
    about: "malformed messages in a minute before the connection is closed",
  },
  pendingPublishes: { value: 1_024, unit: "count", answer: "RATE_LIMITED", about: "publishes of one connection that wait for the disk" },
  pendingRequests: {
    value: 1_024,
    unit: "count",
    answer: "close RATE_LIMITED",
    about: "messages of one connection that wait for an earlier one to be decided",
  },
  pingsPerSecond: {
    value: 20,
    unit: "per second",
    answer: "close RATE_LIMITED",
    about: "ping frames of one connection, with a burst of five times as many",
  },
  queuedBytes: {
    value: 262_144,
    unit: "bytes",
    answer: "close SLOW_CONSUMER",
    about: "bytes held for one connection that does not read, or one message where that is larger",
  },
  queuedBytesTotal: {
    value: 268_435_456,
    unit: "bytes",
    answer: "close OVERLOADED",
    about:
      "bytes held for all connections of the protocol together, at least 64 times queuedBytes; as they run short each connection may hold less, and where they do not suffice the longest queues are cut",
  },
  stallMs: {
    value: 30_000,
    unit: "ms",
    answer: "close SLOW_CONSUMER",
    about: "time that a connection may accept nothing while bytes wait for it",
  },
  closeMs: { value: 5_000, unit: "ms", answer: "close POLICY", about: "time for the other side to answer a close, then the link is cut" },
  historyPage: { value: 500, unit: "count", answer: "BAD_REQUEST", about: "messages in one page of history" },
  historyPageBytes: {
    value: 131_072,
    unit: "bytes",
    answer: "BAD_REQUEST",
    about: "bytes in one page of history, or one message where that is larger",
  },
  historyReadsPerSecond: {
    value: 50,
    unit: "per second",
    answer: "RATE_LIMITED",
    about: "pages of history, and of members, that one connection may ask for, with a burst of twice as many",
  },
  appendedBytes: {
    value: 65_536,
    unit: "bytes",
    answer: "TOO_LARGE",
    about: "data of one message, with all that was appended to it",
  },
  rowsPerTable: { value: 100_000, unit: "count", answer: "LIMIT_EXCEEDED", about: "rows of one table" },
  rowBytes: { value: 16_384, unit: "bytes", answer: "TOO_LARGE", about: "value of one row of a table" },
  memoryTableBytes: {
    value: 536_870_912,
    unit: "bytes",
    answer: "UNAVAILABLE",
    about: "rows of all tables in memory, and what is remembered of their writes; beyond it rows are only deleted",
  },
  filteredRowsPerConnection: {
    value: 200_000,
    unit: "count",
    answer: "LIMIT_EXCEEDED",
    about: "rows of which the server remembers whether one connection, by its filters, holds them",
  },
  openCommands: { value: 1_000, unit: "count", answer: "LIMIT_EXCEEDED", about: "commands of one channel that have not ended" },
  rememberedCommands: {
    value: 100_000,
    unit: "count",
    answer: "forgotten",
    about: "commands of one channel that have ended and are remembered; the first that ended are forgotten first",
  },
  commandBytes: { value: 65_536, unit: "bytes", answer: "TOO_LARGE", about: "input, output, error or progress of one command" },
  progressPerCommand: { value: 1_000, unit: "count", answer: "LIMIT_EXCEEDED", about: "reports of progress of one command that are kept" },
  callsPerConnection: { value: 1_000, unit: "count", answer: "LIMIT_EXCEEDED", about: "commands that one connection waits for" },
  servedPerConnection: { value: 1_000, unit: "count", answer: "LIMIT_EXCEEDED", about: "channels whose commands one connection serves" },
  ...DOCUMENT_LIMITS,
  messageVersions: {
    value: 20,
    unit: "count",
    answer: "versions",
    about: "earlier versions that are kept of one message, where its contract keeps them; the oldest leave first",
  },
  reactionsPerMessage: { value: 1_000, unit: "count", answer: "LIMIT_EXCEEDED", about: "reactions to one message, of all names and users" },
  receiptsPerChannel: {
    value: 10_000,
    unit: "count",
    answer: "LIMIT_EXCEEDED",
    about: "users of whom it is kept up to where they have read one channel",
  },
  presencesPerConnection: { value: 100, unit: "count", answer: "LIMIT_EXCEEDED", about: "channels that one connection is present on" },
  watchesPerConnection: {
    value: 100,
    unit: "count",
    answer: "LIMIT_EXCEEDED",
    about: "channels whose presence one connection watches",
  },
  presenceMembers: { value: 200_000, unit: "count", answer: "LIMIT_EXCEEDED", about: "members of one channel" },
  presenceStateBytes: { value: 2_048, unit: "bytes", answer: "TOO_LARGE", about: "what one member shows of itself on one channel" },
  presencePage: { value: 500, unit: "count", answer: "members", about: "members in one page; who asks for more gets so many" },
  presencePageBytes: {
    value: 65_536,
    unit: "bytes",
    answer: "members",
    about: "bytes in one page of members, or one member where that is larger",
  },
  presenceLogBytes: {
    value: 262_144,
    unit: "bytes",
    answer: "watched",
    about:
      "bytes of changes that are kept of one channel's presence, for watchers that come back or read slowly; who missed more gets a snapshot",
  },
  shedPresenceLagMs: {
    value: 150,
    unit: "ms",
    answer: "watched",
    about: "mean delay of the event loop over a second from which changes of presence are held back",
  },
  fanOutSliceMs: {
    value: 5,
    unit: "ms",
    answer: "later",
    about: "time that one turn of the event loop spends on sending; what is left is sent in the next ones",
  },
  shedBroadcastsLagMs: {
    value: 250,
    unit: "ms",
    answer: "gap",
    about: "the same, from which broadcasts are counted instead of delivered",
  },
  shedConnectionsLagMs: {
    value: 500,
    unit: "ms",
    answer: "close TRY_AGAIN_LATER",
    about: "the same, from which nobody new is taken either",
  },
  shedHistoryLagMs: {
    value: 1_000,
    unit: "ms",
    answer: "UNAVAILABLE",
    about: "the same, from which pages of history are refused as well",
  },
  memorySoftPercent: {
    value: 85,
    unit: "percent",
    answer: "close TRY_AGAIN_LATER",
    about:
      "memory in use, of the heap's limit, from which nobody new is taken and all queues together may hold a quarter of queuedBytesTotal",
  },
  memoryHardPercent: {
    value: 95,
    unit: "percent",
    answer: "close SERVICE_RESTART",
    about: "memory in use, of the heap's limit, from which the server drains and closes",
  },
  drainMs: {
    value: 3_000,
    unit: "ms",
    answer: "close SERVICE_RESTART",
    about: "time over which a server that stops sends its clients away, and over which they are told to come back",
  },
  ...HTTP_LIMITS,
} as const satisfies Record<string, LimitRow>

export type LimitName = keyof typeof LIMITS
export type Limits = { readonly [N in LimitName]: number }

export const DEFAULT_LIMITS: Limits = Object.freeze(
  Object.fromEntries(Object.entries(LIMITS).map(([name, row]) => [name, row.value])) as Limits,
)
