// A room of clients, each side's own; one of them publishes at a steady rate, and every delivery is checked.
import { connect as connectMagpie } from "@magpie/client"
import { longPoll, sse, webSocket } from "@magpie/client/transports"
import { io } from "socket.io-client"
import { answer } from "../harness/answer.mjs"
import { createHistogram } from "../harness/histogram.mjs"
import { tokenFor } from "../harness/token.mjs"

const CHANNEL = "fan/room"
const TEXT = "x".repeat(200)
const OWN = { websocket: webSocket, sse, "long-poll": longPoll }

/** @typedef {{ text: string, at: number }} Data */

const latency = createHistogram()
let expected = 0
let deliveries = 0
let onQuiet = () => {}
/** @type {(data: Data) => void} */
let publish = () => {}
/** The number that each client hears next. */
/** @type {number[]} */
const next = []
let clients = 0

function heard(/** @type {number} */ client, /** @type {Data} */ { text, at }) {
  const number = Number.parseInt(text, 10)
  if (number !== next[client]) throw new Error(`client ${client} expected message ${next[client]} and got ${number}`)
  next[client]++
  deliveries++
  latency.add(performance.now() - at)
  if (deliveries === expected) onQuiet()
}

async function connect(/** @type {{ port: number, wire: string, count: number }} */ { port, wire, count }) {
  clients = count
  for (let index = 0; index < count; index++) {
    next.push(0)
    const send = wire in OWN ? await openMagpie(index, port, wire) : await openSocketIo(index, port, wire.split(" ")[1])
    if (index === 0) publish = send
  }
  return count
}

async function openMagpie(/** @type {number} */ index, /** @type {number} */ port, /** @type {string} */ wire) {
  const transport = OWN[/** @type {keyof typeof OWN} */ (wire)]()
  const client = connectMagpie(`ws://127.0.0.1:${port}`, { transport, token: tokenFor(`user-${index}`) })
  const channel = /** @type {any} */ (client).channel(CHANNEL)
  channel.on("say", (/** @type {{ data: Data }} */ { data }) => heard(index, data))
  client.on("error", (/** @type {Error} */ failure) => {
    throw failure
  })
  while (channel.subscription.state.state !== "live") await new Promise((resolve) => setTimeout(resolve, 5))
  return (/** @type {Data} */ data) => channel.send("say", data)
}

async function openSocketIo(/** @type {number} */ index, /** @type {number} */ port, /** @type {string} */ kind) {
  const socket = io(`http://127.0.0.1:${port}`, { transports: [kind], forceNew: true, reconnection: false })
  socket.on("say", (data) => heard(index, data))
  socket.on("disconnect", (reason) => {
    throw new Error(`Socket.IO disconnected: ${reason}`)
  })
  await new Promise((resolve, reject) => {
    socket.on("connect_error", reject)
    socket.emit("subscribe", CHANNEL, resolve)
  })
  return (/** @type {Data} */ data) => socket.emit("publish", CHANNEL, data)
}

let published = 0

/** Publishes for a while, then waits for the last delivery. */
async function run(/** @type {{ perSecond: number, ms: number }} */ { perSecond, ms }) {
  latency.clear()
  const before = deliveries
  const count = Math.round((perSecond * ms) / 1_000)
  expected = deliveries + count * clients
  const quiet = new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${expected - deliveries} deliveries never came`)), ms + 15_000)
    onQuiet = () => {
      clearTimeout(late)
      resolve(undefined)
    }
  })
  for (let index = 0; index < count; index++) {
    publish({ text: `${published++} ${TEXT}`, at: performance.now() })
    await new Promise((resolve) => setTimeout(resolve, 1_000 / perSecond))
  }
  await quiet
  return { deliveries: deliveries - before, p50: latency.quantile(0.5), p99: latency.quantile(0.99) }
}

answer({ connect, run })
