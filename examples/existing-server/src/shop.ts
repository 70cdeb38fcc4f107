import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http"
import { WebSocketServer } from "ws"

/** A server as it was before: a page, a form, and WebSockets of its own at `/stock`. */
export function createShop(handle: RequestListener = answerPage): Server {
  const http = createServer(handle)
  const stock = new WebSocketServer({ noServer: true })
  http.on("upgrade", (request, stream, head) => {
    if (request.url !== "/stock") return
    stock.handleUpgrade(request, stream, head, (socket) => socket.send("12 in stock"))
  })
  return http
}

/** The shop's own pages. The body of an order is read here. */
export function answerPage(request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== "POST") {
    response.end("<h1>The shop</h1>")
    return
  }
  let body = ""
  request.on("data", (chunk) => {
    body += chunk
  })
  request.on("end", () => response.end(`ordered: ${body}`))
}
