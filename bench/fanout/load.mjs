// Five hundred subscribers and one publisher in one process, at one server or at several. Every delivery is checked: the right message, in order, once.
import { answer } from "../harness/answer.mjs"
import { createHistogram } from "../harness/histogram.mjs"
import { openLinks } from "../harness/links.mjs"

const LINE_FEED = 0x0a
const ZERO = 0x30
const NUMBER_DIGITS = 10
const MARKER = '"text":"'
const RING = 65_536

/** @type {import("../wire/wires.mjs").Wire} */
let wire
/** @type {readonly import("../harness/link.mjs").Link[]} */
let links = []
let channel = ""
/** Messages published since the start, numbered from 1. */
let published = 0
let delivered = 0
/** By subscriber, the number of the last message that it got. */
let reached = new Float64Array(0)
const sentAt = new Float64Array(RING)
const latency = createHistogram()
let publishUntil = 0
let window = 0
let onQuiet = () => {}
/** Where the last message had its number and its end; the next one most likely has them there too. */
let numberAt = 0
let lineLength = 0

async function connect(/** @type {any} */ { port, ports = [port], wire: name, channel: of, subscribers }) {
  channel = of
  const each = Math.ceil(subscribers / ports.length)
  for (const [index, at] of ports.entries()) {
    const count = Math.min(each, subscribers - links.length)
    const opened = await openLinks({ port: at, wire: name, channel, count, first: index * each, follows: true })
    wire = opened.wire
    links = [...links, ...opened.links]
  }
  reached = new Float64Array(links.length)
  for (const [index, link] of links.entries()) link.listen((bytes, start, end) => onFrame(index, bytes, start, end))
  return links.length
}

function onFrame(/** @type {number} */ index, /** @type {Buffer} */ bytes, /** @type {number} */ start, /** @type {number} */ end) {
  const now = performance.now()
  for (let at = start; at < end; ) {
    const lineEnd = endOfLine(bytes, at, end)
    const expected = reached[index] + 1
    if (numberIn(bytes, at, lineEnd) === expected) {
      reached[index] = expected
      delivered++
      latency.add(now - sentAt[expected % RING])
    } else if (!look(index, bytes.toString("utf8", at, lineEnd), expected)) return
    at = lineEnd + 1
  }
  if (index === 0) publishMore()
  if (now >= publishUntil && delivered === published * links.length) onQuiet()
}

function endOfLine(/** @type {Buffer} */ bytes, /** @type {number} */ at, /** @type {number} */ end) {
  const guess = at + lineLength
  if (lineLength > 0 && (guess === end || (guess < end && bytes[guess] === LINE_FEED))) return guess
  const found = bytes.indexOf(LINE_FEED, at)
  const lineEnd = found < 0 || found > end ? end : found
  lineLength = lineEnd - at
  return lineEnd
}

/** The number of the message that stands there, or -1. */
function numberIn(/** @type {Buffer} */ bytes, /** @type {number} */ at, /** @type {number} */ end) {
  let number = digits(bytes, at + numberAt)
  if (number >= 0 && bytes[at + numberAt - 1] === 0x22) return number
  const marker = bytes.indexOf(MARKER, at)
  if (marker < 0 || marker >= end) return -1
  numberAt = marker + MARKER.length - at
  number = digits(bytes, at + numberAt)
  return number
}

function digits(/** @type {Buffer} */ bytes, /** @type {number} */ at) {
  let number = 0
  for (let index = at; index < at + NUMBER_DIGITS; index++) {
    const digit = bytes[index] - ZERO
    if (!(digit >= 0 && digit <= 9)) return -1
    number = number * 10 + digit
  }
  return number
}

/** What is no expected message is either none of the channel's, or a failure. A stream acknowledges every publish. */
const OTHERS = ['{"type":"published"', '{"type":"position"']

function look(/** @type {number} */ index, /** @type {string} */ text, /** @type {number} */ expected) {
  if (text === "2") links[index]?.send("3")
  else if (!OTHERS.some((start) => text.startsWith(start)))
    throw new Error(`subscriber ${index} expected message ${expected} and got: ${text.slice(0, 300)}`)
  return true
}

function publishMore() {
  const now = performance.now()
  if (now >= publishUntil) return
  const texts = []
  while (published - reached[0] < window) {
    published++
    sentAt[published % RING] = now
    texts.push(wire.publish(channel, published))
  }
  if (texts.length > 0) links[0]?.send(...texts)
}

/** Publishes for a while, then waits until every subscriber has everything. */
async function run(/** @type {{ ms: number, window: number }} */ { ms, window: size }) {
  latency.clear()
  const before = delivered
  const started = performance.now()
  window = size
  publishUntil = started + ms
  const quiet = new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`lost: ${delivered} of ${published * links.length} deliveries`)), ms + 15_000)
    onQuiet = () => {
      clearTimeout(late)
      resolve(undefined)
    }
  })
  publishMore()
  await quiet
  const seconds = (performance.now() - started) / 1_000
  return { deliveries: delivered - before, seconds, p50: latency.quantile(0.5), p99: latency.quantile(0.99) }
}

answer({ connect, run })
