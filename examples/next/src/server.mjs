import { createServer } from "node:http"
import { fileURLToPath } from "node:url"
import { anonymous, anyOf, apiKeys, contract, createServer as createMagpie, json, stream } from "@magpie/server"
import next from "next"

const app = contract({ "news/:topic": stream({ messages: { headline: json() } }) })

/**
 * Next with Magpie on its port, by Next's way of a custom server. Listens on a free port where none is given.
 * @param {string} editorsKey
 */
export async function startServer(editorsKey, { port = 0, dev = process.env.NODE_ENV !== "production" } = {}) {
  const editors = apiKeys({ keys: { [editorsKey]: { id: "editors", api: { may: ["publish"], channels: ["news/:topic"] } } } })
  const magpie = createMagpie(app, { auth: anyOf(editors, anonymous()) })
  magpie.channel("news/:topic", { authorize: ({ action }) => action !== "publish" })

  const pages = next({ dev, dir: fileURLToPath(new URL("..", import.meta.url)) })
  await pages.prepare()
  const answer = pages.getRequestHandler()
  const http = createServer((request, response) => {
    if (!magpie.api(request, response)) void answer(request, response)
  })
  magpie.attach(http)
  await new Promise((resolve) => http.listen(port, "127.0.0.1", () => resolve(undefined)))
  return {
    http,
    async close() {
      await magpie.close()
      await pages.close()
      http.closeAllConnections()
      await new Promise((closed) => http.close(closed))
    },
  }
}
