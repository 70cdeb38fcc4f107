export { msgpack } from "./client-codec.ts"
