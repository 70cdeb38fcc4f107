// The least that a server on node:http does with a JSON body: reads it, parses it, writes it back.
import { createServer } from "node:http"
import { answer } from "../harness/answer.mjs"

const server = createServer((request, response) => {
  /** @type {Buffer[]} */
  const chunks = []
  request.on("data", (chunk) => chunks.push(chunk))
  request.on("end", () => {
    const body = JSON.stringify(JSON.parse(Buffer.concat(chunks).toString()))
    response.writeHead(200, { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) })
    response.end(body)
  })
})

answer({
  listen: () => new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(/** @type {any} */ (server.address()).port))),
})
