// A WebSocket client for loads: reads into one shared buffer and looks at frames in place, so that the load stays cheaper
// than any server that it measures. It trusts the server to send unmasked, unfragmented frames, and fails loudly otherwise.
import { connect } from "node:net"

const FIN_TEXT = 0x81
const FIN_CLOSE = 0x88
const FIN_PING = 0x89
const FIN_PONG = 0x8a

/** Node reads a socket and tells of it in one go, so all sockets can share the place. */
const shared = Buffer.allocUnsafe(65_536)

/**
 * @typedef {ReturnType<typeof openLink>} Link
 * @typedef {(bytes: Buffer, start: number, end: number) => void} FrameListener is called with a text frame's payload in place
 * @typedef {{ port: number, path: string, subprotocol?: string, localAddress?: string }} LinkOptions
 */

/**
 * Opens a link. `opened` resolves after the upgrade; a link that ends without `end()` throws.
 * @param {LinkOptions} options
 */
export function openLink({ port, path, subprotocol, localAddress = "127.0.0.1" }) {
  /** @type {FrameListener} */
  let onFrame = () => {}
  let upgraded = false
  let ending = false
  /** The start of a frame whose end has not come yet. */
  let rest = Buffer.alloc(0)
  /** @type {() => void} */
  let resolveOpened = () => {}
  /** @type {Promise<void>} */
  const opened = new Promise((resolve) => {
    resolveOpened = resolve
  })

  const socket = connect({
    host: "127.0.0.1",
    port,
    localAddress,
    onread: { buffer: shared, callback: (bytes, buffer) => read(/** @type {Buffer} */ (buffer).subarray(0, bytes)) },
  })
  socket.setNoDelay(true)
  socket.on("error", (failure) => fail(failure.message))
  socket.on("close", () => fail("the server ended the link"))
  const protocol = subprotocol === undefined ? "" : `Sec-WebSocket-Protocol: ${subprotocol}\r\n`
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${protocol}` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  )

  function fail(/** @type {string} */ why) {
    if (!ending) throw new Error(`link to port ${port}: ${why}`)
  }

  function read(/** @type {Buffer} */ chunk) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const used = upgraded ? frames(bytes, 0) : head(bytes)
    rest = used === bytes.length ? EMPTY : Buffer.from(bytes.subarray(used))
    return true
  }

  /** The answer to the upgrade. */
  function head(/** @type {Buffer} */ bytes) {
    const end = bytes.indexOf("\r\n\r\n")
    if (end < 0) return 0
    if (!bytes.subarray(0, 12).equals(SWITCHING)) fail(`refused: ${bytes.toString("latin1", 0, 200)}`)
    upgraded = true
    resolveOpened()
    return frames(bytes, end + 4)
  }

  /** Looks at every whole frame; returns where the first that is not whole begins. */
  function frames(/** @type {Buffer} */ bytes, /** @type {number} */ from) {
    let at = from
    while (bytes.length - at >= 2) {
      const short = bytes[at + 1]
      const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10
      if (bytes.length - at < headBytes) return at
      const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2))
      const start = at + headBytes
      if (bytes.length - start < length) return at
      frame(bytes[at], bytes, start, start + length)
      at = start + length
    }
    return at
  }

  function frame(/** @type {number} */ first, /** @type {Buffer} */ bytes, /** @type {number} */ start, /** @type {number} */ end) {
    if (first === FIN_TEXT) onFrame(bytes, start, end)
    else if (first === FIN_PING) socket.write(frameOf(FIN_PONG, Buffer.from(bytes.subarray(start, end))))
    else if (first === FIN_CLOSE) fail(`closed: ${bytes.readUInt16BE(start)} ${bytes.toString("utf8", start + 2, end)}`)
    else if (first !== FIN_PONG) fail(`a frame that this client does not read: 0x${first.toString(16)}`)
  }

  return {
    opened,
    listen(/** @type {FrameListener} */ listener) {
      onFrame = listener
    },
    /** Sends each text as a frame, with one write. */
    send(/** @type {readonly string[]} */ ...texts) {
      socket.write(texts.length === 1 ? textFrame(texts[0]) : Buffer.concat(texts.map(textFrame)))
    },
    end() {
      ending = true
      socket.destroy()
    },
  }
}

const EMPTY = Buffer.alloc(0)
const SWITCHING = Buffer.from("HTTP/1.1 101")

function textFrame(/** @type {string} */ text) {
  return frameOf(FIN_TEXT, Buffer.from(text))
}

/** A masked frame (RFC 6455 section 5.2). The mask is zero, which a server undoes like any other. */
function frameOf(/** @type {number} */ first, /** @type {Buffer} */ payload) {
  const { length } = payload
  if (length > 65_535) throw new Error("this client sends no frames so long")
  const head = Buffer.alloc(length < 126 ? 6 : 8)
  head[0] = first
  head[1] = 0x80 | Math.min(length, 126)
  if (length >= 126) head.writeUInt16BE(length, 2)
  return Buffer.concat([head, payload])
}
