import { defineConfig } from "@magpie/cli"
import { app } from "./src/contract.ts"
import { auth, channels } from "./src/rules.ts"

export default defineConfig({
  contract: app,
  auth,
  channels,
  static: "dist",
  // This machine only, as long as everybody may connect.
  host: "127.0.0.1",
  port: 8080,
  data: "data",
})
