import { fileURLToPath } from "node:url"
import { defineConfig } from "@magpie/cli"
import { showcase } from "./src/contract.ts"

/** What `magpie serve` runs for the showcase: the page, the chat, and the guide's echo at `/`. */
export default defineConfig({
  contract: showcase,
  auth: { anonymous: true },
  port: Number(process.env.PORT ?? 8080),
  storage: { directory: process.env.MAGPIE_DATA ?? "data" },
  static: fileURLToPath(new URL("dist", import.meta.url)),
  channels: {
    "chat/:room": { authorize: () => true },
    "typing/:room": { authorize: () => true },
  },
  endpoints: {
    "/": (socket) => {
      socket.onMessage(() => socket.send("伺服器已收到您的訊息"))
    },
  },
})
