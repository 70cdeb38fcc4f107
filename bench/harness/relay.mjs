// A TCP relay on loopback whose links can be reset.
import { once } from "node:events"
import { connect, createServer } from "node:net"

/** @param {number} target port that links lead to */
export async function startRelay(target) {
  /** @type {Set<import("node:net").Socket>} */
  const sockets = new Set()
  const server = createServer({ noDelay: true }, (near) => {
    const far = connect({ port: target, host: "127.0.0.1", noDelay: true })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ]) {
      sockets.add(from)
      from.pipe(to)
      from.on("error", () => {})
      from.on("close", () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  server.listen(0, "127.0.0.1")
  await once(server, "listening")

  return {
    port: /** @type {import("node:net").AddressInfo} */ (server.address()).port,
    /** Resets every link; how many there were. */
    reset() {
      const links = [...sockets]
      for (const socket of links) socket.resetAndDestroy()
      return links.length / 2
    },
    close() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
