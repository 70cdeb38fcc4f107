// The server without sockets, files or a clock, for transports and for tests with a fake world.

export type { Authenticator, Credentials, Identity, User } from "./access/identity.ts"
export { anonymous, anyOf } from "./access/identity.ts"
export type { ChannelRules } from "./channel-rules.ts"
export type { Core } from "./core/core.ts"
export { createCore } from "./core/core.ts"
export type { Batch } from "./flow/batch.ts"
export { HEADROOM_BYTES, payloadOf } from "./flow/batch.ts"
export type { LoadMeter } from "./flow/overload.ts"
export type { CheckedOptions, CoreEnvironment, CoreOptions } from "./options.ts"
export { checkOptions, retentionOf } from "./options.ts"
export type { HandshakeCredentials, LinkRequest, Socket, SocketEvents } from "./transports/socket.ts"
