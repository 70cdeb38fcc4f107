export type { RedisAdapterOptions } from "./redis.ts"
export { redis } from "./redis.ts"
