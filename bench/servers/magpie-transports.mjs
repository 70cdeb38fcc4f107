// Magpie on an HTTP server whose traffic is counted, with all its transports.
import { createServer as createHttp } from "node:http"
import { broadcast, contract, createServer, jwt } from "@magpie/server"
import { z } from "zod"
import { answer } from "../harness/answer.mjs"
import { SECRET } from "../harness/token.mjs"
import { countTraffic } from "../harness/traffic.mjs"

const app = contract({ "fan/:name": broadcast({ messages: { say: z.object({ text: z.string().max(2_000), at: z.number() }) } }) })

const server = createServer(app, {
  auth: jwt({ secret: SECRET }),
  log: () => {},
  limits: { handshakesPerSecond: 10_000, handshakesPerAddressPerSecond: 10_000 },
})
server.channel("fan/:name", { authorize: ({ user }) => user !== undefined })

const http = createHttp((request, response) => {
  if (!server.api(request, response)) response.writeHead(404).end()
})
http.on("connection", (socket) => socket.setNoDelay(true))
const traffic = countTraffic(http)
server.attach(http)

answer({
  listen: () => new Promise((resolve) => http.listen(0, "127.0.0.1", () => resolve(/** @type {any} */ (http.address()).port))),
  traffic,
})
