export type { LmdbOptions } from "./lmdb-storage.ts"
export { lmdb } from "./lmdb-storage.ts"
