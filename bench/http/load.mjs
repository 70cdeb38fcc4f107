// Connections that are kept, each with one request in flight. Every answer is checked: a 200, and as long as it says.
import { connect as connectSocket } from "node:net"
import { answer } from "../harness/answer.mjs"
import { API_KEY } from "../harness/token.mjs"
import { numbered } from "../wire/texts.mjs"

const HEAD_END = Buffer.from("\r\n\r\n")
const OK = Buffer.from("HTTP/1.1 200")

/** @type {ReturnType<typeof openAsker>[]} */
let askers = []
let asked = 0
let replied = 0
let until = 0
let onQuiet = () => {}

/** One message, or several in a body. */
function bodyOf(/** @type {number} */ batch) {
  const message = (/** @type {number} */ number) => `{"channel":"log/http","name":"say","data":${numbered(number)}}`
  return batch === 1 ? message(1) : `{"messages":[${Array.from({ length: batch }, (_, index) => message(index)).join(",")}]}`
}

async function connect(/** @type {{ port: number, count: number, batch: number }} */ { port, count, batch }) {
  const body = bodyOf(batch)
  const head = [
    `POST /magpie/api/v1/publish${batch === 1 ? "" : "/batch"} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `X-Api-Key: ${API_KEY}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  const request = Buffer.from(`${head.join("\r\n")}\r\n\r\n${body}`)
  askers = Array.from({ length: count }, () => openAsker(port, request))
  await Promise.all(askers.map(({ opened }) => opened))
  return count
}

function openAsker(/** @type {number} */ port, /** @type {Buffer} */ request) {
  const socket = connectSocket(port, "127.0.0.1")
  socket.setNoDelay(true)
  let rest = Buffer.alloc(0)
  socket.on("data", (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    const end = answerEnd(rest)
    if (end === undefined) return
    if (end !== rest.length) throw new Error("an answer came that nobody asked for")
    rest = rest.subarray(end)
    replied++
    if (performance.now() < until) ask()
    else if (replied === asked) onQuiet()
  })
  socket.on("close", () => {
    throw new Error("the server closed a connection")
  })

  function ask() {
    asked++
    socket.write(request)
  }
  return { ask, opened: new Promise((resolve) => socket.once("connect", () => resolve(undefined))) }
}

/** Where the answer ends; undefined while some of it is missing. */
function answerEnd(/** @type {Buffer} */ bytes) {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd < 0) return undefined
  const head = bytes.toString("latin1", 0, headEnd)
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  if (!bytes.subarray(0, OK.length).equals(OK) || length === undefined) throw new Error(`refused: ${bytes.toString("utf8", 0, 600)}`)
  const end = headEnd + HEAD_END.length + Number(length)
  return bytes.length < end ? undefined : end
}

async function run(/** @type {{ ms: number }} */ { ms }) {
  const before = replied
  until = performance.now() + ms
  await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${asked - replied} requests were never answered`)), ms + 15_000)
    onQuiet = () => {
      clearTimeout(late)
      resolve(undefined)
    }
    for (const asker of askers) asker.ask()
  })
  return { replies: replied - before }
}

answer({ connect, run })
