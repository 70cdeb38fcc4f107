// What one writes on `ws` and `lmdb` in ten minutes: each message is put on the disk and then answered, nothing else.
import { join } from "node:path"
import { open } from "lmdb"
import { WebSocketServer } from "ws"
import { answer } from "../harness/answer.mjs"

const [directory = "."] = process.argv.slice(2)
const database = open({ path: join(directory, "naive"), encoding: "binary", keyEncoding: "uint32", overlappingSync: false })
let next = 0

function start(/** @type {(port: number) => void} */ listening) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false })
  server.on("listening", () => listening(/** @type {any} */ (server.address()).port))
  server.on("connection", (socket) => {
    socket.on("message", async (data) => {
      await database.put(next++, /** @type {Buffer} */ (data))
      socket.send(data.toString())
    })
  })
}

answer({ listen: () => new Promise(start), newestOffset: () => database.getKeysCount() })
