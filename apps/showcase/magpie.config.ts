import { defineConfig, echo } from "@magpie/cli"
import { anonymous } from "@magpie/server"
import { showcase } from "./src/contract.ts"

/** What `npm start` serves: the page, the chat, and the guide's echo at `/`. Everybody may talk to everybody. */
export default defineConfig({
  contract: showcase,
  auth: anonymous(),
  static: "dist",
  channels: {
    "chat/:room": { authorize: () => true },
    "typing/:room": { authorize: () => true },
  },
  endpoints: { "/": echo },
})
