import type { Server as HttpServer } from "node:http"
import { contract, stream } from "@magpie/protocol"
import { anonymous, anyOf, apiKeys, createServer, type Server } from "@magpie/server"
import { z } from "zod"
import { answerPage, createShop } from "./shop.ts"

export const app = contract({
  "offers/:category": stream({ messages: { offer: z.object({ title: z.string(), cents: z.number().int() }) } }),
})

/**
 * The same shop with Magpie beside it. Three lines are new: the API is asked before a page, upgrades are shared, and the end
 * of the process begins with Magpie's.
 */
export function createShopWithMagpie(apiKey: string): {
  readonly http: HttpServer
  readonly magpie: Server<typeof app>
  close(): Promise<void>
} {
  const magpie = createServer(app, {
    auth: anyOf(apiKeys({ keys: { [apiKey]: { id: "shop", api: { may: ["publish"], channels: ["offers/:category"] } } } }), anonymous()),
  })
  magpie.channel("offers/:category", { authorize: ({ action }) => action !== "publish" })

  const http = createShop((request, response) => {
    if (!magpie.api(request, response)) answerPage(request, response)
  })
  magpie.attach(http)

  return {
    http,
    magpie,
    /** Sends everybody away first, with a time to come back; then no new request is taken and the last ones are answered. */
    async close() {
      await magpie.close()
      await new Promise<void>((resolve) => {
        http.close(() => resolve())
        http.closeIdleConnections()
      })
    },
  }
}
