// Every byte that an HTTP server's sockets carried, headers included.

/** @param {import("node:http").Server} http */
export function countTraffic(http) {
  /** @type {Set<import("node:net").Socket>} */
  const sockets = new Set()
  let gone = 0
  let requests = 0
  const bytesOf = (/** @type {import("node:net").Socket} */ socket) => socket.bytesRead + socket.bytesWritten
  http.on("connection", (socket) => {
    sockets.add(socket)
    socket.on("close", () => {
      gone += bytesOf(socket)
      sockets.delete(socket)
    })
  })
  http.on("request", () => {
    requests++
  })
  return () => ({ bytes: [...sockets].reduce((sum, socket) => sum + bytesOf(socket), gone), requests })
}
