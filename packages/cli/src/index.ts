export type { Config } from "./config.ts"
export { defineConfig, echo, GUIDE_ECHO } from "./config.ts"
