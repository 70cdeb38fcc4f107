import { command, contract, stream } from "@magpie/protocol"
import { apiKeys, createServer } from "@magpie/server"
import { z } from "zod"

/** What a shop tells its customers, one stream for each, and the printer of its labels. */
export const orders = contract({
  "orders/:customer": stream({
    messages: { shipped: z.object({ order: z.number().int(), parcel: z.string() }) },
    retention: { maxCount: 100 },
  }),
  "printer/:place": command({ label: { input: z.object({ parcel: z.string() }), output: z.object({ pages: z.number().int() }) } }),
})

/** A server whose back end may publish to every customer's stream, and whose customers read their own. */
export function createOrdersServer(backEndKey: string, customerKey: string) {
  const server = createServer(orders, {
    auth: apiKeys({
      keys: {
        [backEndKey]: { id: "shop", api: { may: "everything", channels: ["orders/:customer", "printer/:place"], users: "any" } },
        [customerKey]: { id: "ann" },
      },
    }),
  })
  server.channel("orders/:customer", {
    authorize: ({ user, params, action }) => action !== "publish" && user?.id === params.customer,
  })
  server.channel("printer/:place", { authorize: () => false, handle: { label: () => ({ pages: 1 }) } })
  return server
}
