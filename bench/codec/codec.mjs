import { msgpack } from "@magpie/msgpack"
import { msgpack as msgpackServer } from "@magpie/msgpack/server"
import { DEFAULT_LIMITS, jsonCodec, jsonServerCodec } from "@magpie/protocol"
import { figure } from "../harness/figures.mjs"
import { shapes } from "./shapes.mjs"

const utf8 = new TextEncoder()
const text = new TextDecoder()
/** Nothing is kept, so that each message is written as one that nobody has read yet. */
const codec = { client: msgpack(), server: msgpackServer({ cacheBytes: 0 }) }
const json = { client: jsonCodec, server: jsonServerCodec }

/**
 * What crosses the wire and what that costs on either side: MessagePack beside JSON, one message a frame, from a value to bytes
 * and back. JSON's bytes are made and read as a socket has to.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const codecs = {
  name: "codec",
  async run({ quick }) {
    return Object.entries(shapes).flatMap(([shape, data]) => figuresOf(shape, data, quick ? 3 : 9))
  },
}

function figuresOf(/** @type {string} */ shape, /** @type {unknown} */ data, /** @type {number} */ rounds) {
  const mine = steps(
    codec,
    data,
    (part) => /** @type {Uint8Array} */ (part),
    (bytes) => bytes,
  )
  const theirs = steps(
    json,
    data,
    (part) => utf8.encode(/** @type {string} */ (part)),
    (bytes) => text.decode(bytes),
  )
  const figures = [figure({ name: `codec/${shape}/bytes`, unit: "bytes", values: [mine.bytes], peer: "json", peerValues: [theirs.bytes] })]
  for (const step of /** @type {const} */ (["serverWrites", "clientReads", "clientWrites", "serverReads"])) {
    const values = []
    const peerValues = []
    for (let round = 0; round < rounds; round++) {
      values.push(microseconds(mine[step]))
      peerValues.push(microseconds(theirs[step]))
    }
    const name = step.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)
    figures.push(figure({ name: `codec/${shape}/${name}`, unit: "CPU-µs", values, peer: "json", peerValues }))
  }
  return figures
}

/**
 * @param {typeof codec | typeof json} its
 * @param {unknown} data
 * @param {(part: string | Uint8Array) => Uint8Array} toBytes
 * @param {(bytes: Uint8Array) => string | Uint8Array} fromBytes
 */
function steps({ client, server }, data, toBytes, fromBytes) {
  const publish = /** @type {const} */ ({ type: "publish", id: 7, channel: "room/lobby", name: "say", data, sequence: 12, ref: "k3x" })
  const stored = JSON.stringify(data)
  const publication = {
    channel: "room/lobby",
    name: "say",
    offset: 40_211,
    mark: "9f3c",
    at: 1_790_000_000_000,
    from: "ada",
    data: /** @type {import("@magpie/protocol").JsonText} */ (stored),
  }
  const down = toBytes(server.encodePublication(publication))
  const up = toBytes(client.encode(publish))
  return {
    bytes: down.length,
    serverWrites: () => void toBytes(server.encodePublication(publication)),
    clientReads: () => void client.decode(fromBytes(down)),
    clientWrites: () => void toBytes(client.encode(publish)),
    serverReads: () => void server.decodeUntrusted(fromBytes(up), DEFAULT_LIMITS, true),
  }
}

const LEAST_MS = 40

/** CPU time of one call, of as many as take a while. */
function microseconds(/** @type {() => void} */ action) {
  for (let warm = 0; warm < 500; warm++) action()
  const before = process.cpuUsage()
  const end = performance.now() + LEAST_MS
  let calls = 0
  for (; performance.now() < end; calls += 20) for (let each = 0; each < 20; each++) action()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / calls
}
