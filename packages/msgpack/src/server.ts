export type { MsgpackOptions } from "./server-codec.ts"
export { msgpack } from "./server-codec.ts"
