/** What `scripts/fuzz.mjs` needs of this folder. */
export { MOST_TIMES_THE_LIMIT, measureAllocations } from "./allocation.ts"
export { keep, replay } from "./replay.ts"
