// Connections that each keep some requests in flight. Every reply is checked: it answers the oldest request of its link.
import { answer } from "../harness/answer.mjs"
import { createHistogram } from "../harness/histogram.mjs"
import { openLinks } from "../harness/links.mjs"

const LINE_FEED = 0x0a
const ZERO = 0x30
const RING = 1_024

/** @type {import("../wire/wires.mjs").Wire} */
let wire
/** @type {Asker[]} */
let askers = []
let channel = ""
let asked = 0
let replied = 0
let until = 0
let inFlight = 1
/** While true, replies bring no new requests: a clock does. */
let paced = false
let onQuiet = () => {}
const latency = createHistogram()

/** @typedef {{ link: import("../harness/link.mjs").Link, index: number, asked: number, replied: number, dueAt: Float64Array }} Asker */

async function connect(/** @type {any} */ { port, wire: name, path, channel: of, count }) {
  channel = of
  const opened = await openLinks({ port, wire: name, path, channel, count, follows: false })
  wire = opened.wire
  askers = opened.links.map((link, index) => ({ link, index, asked: 0, replied: 0, dueAt: new Float64Array(RING) }))
  for (const asker of askers) asker.link.listen((bytes, start, end) => onFrame(asker, bytes, start, end))
  return askers.length
}

function onFrame(/** @type {Asker} */ asker, /** @type {Buffer} */ bytes, /** @type {number} */ start, /** @type {number} */ end) {
  const now = performance.now()
  for (let at = start; at < end; ) {
    const found = bytes.indexOf(LINE_FEED, at)
    const lineEnd = found < 0 || found > end ? end : found
    if (wire.isReply?.(bytes.toString("latin1", at, lineEnd)) === false) {
      at = lineEnd + 1
      continue
    }
    if (numberAt(bytes, at + wire.replyNumberAt, lineEnd) === asker.replied + 1) {
      asker.replied++
      replied++
      latency.add(now - asker.dueAt[asker.replied % RING])
    } else look(asker, bytes.toString("utf8", at, lineEnd))
    at = lineEnd + 1
  }
  if (!paced && now < until) ask(asker, inFlight - (asker.asked - asker.replied), now)
  if (now >= until && replied === asked) onQuiet()
}

function numberAt(/** @type {Buffer} */ bytes, /** @type {number} */ from, /** @type {number} */ end) {
  let number = 0
  for (let index = from; index < end; index++) {
    const digit = bytes[index] - ZERO
    if (!(digit >= 0 && digit <= 9)) break
    number = number * 10 + digit
  }
  return number
}

function look(/** @type {Asker} */ asker, /** @type {string} */ text) {
  if (text === "2") asker.link.send("3")
  else throw new Error(`expected the answer to request ${asker.replied + 1} and got: ${text.slice(0, 300)}`)
}

function ask(/** @type {Asker} */ asker, /** @type {number} */ count, /** @type {number} */ dueAt) {
  if (count <= 0) return
  const texts = []
  for (let index = 0; index < count; index++) {
    asker.asked++
    asked++
    asker.dueAt[asker.asked % RING] = dueAt
    texts.push(wire.request(channel, asker.asked, asker.index))
  }
  if (asker.asked - asker.replied >= RING) throw new Error(`${RING} requests wait on one link`)
  asker.link.send(...texts)
}

/** Asks as fast as replies come, for a while; then waits for the last reply. */
async function run(/** @type {{ ms: number, inFlight: number }} */ { ms, inFlight: each }) {
  inFlight = each
  paced = false
  return untilQuiet(ms, (started) => {
    for (const asker of askers) ask(asker, each, started)
  })
}

/** Asks at a steady rate, whether replies come or not; a late request counts from when it was due. */
async function pace(/** @type {{ ms: number, perSecond: number }} */ { ms, perSecond }) {
  paced = true
  let clock
  let due = 0
  const outcome = await untilQuiet(ms, (started) => {
    clock = setInterval(() => {
      const now = Math.min(performance.now(), until)
      for (; started + (due * 1_000) / perSecond < now; due++) {
        const asker = askers[due % askers.length]
        if (asker !== undefined) ask(asker, 1, started + (due * 1_000) / perSecond)
      }
      if (now < until) return
      clearInterval(clock)
      if (replied === asked) onQuiet()
    }, 1)
  })
  clearInterval(clock)
  return outcome
}

async function untilQuiet(/** @type {number} */ ms, /** @type {(started: number) => void} */ begin) {
  latency.clear()
  const before = replied
  const started = performance.now()
  until = started + ms
  const quiet = new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`${asked - replied} requests were never answered`)), ms + 15_000)
    onQuiet = () => {
      clearTimeout(late)
      resolve(undefined)
    }
  })
  begin(started)
  await quiet
  const seconds = (performance.now() - started) / 1_000
  return { replies: replied - before, total: replied, seconds, p50: latency.quantile(0.5), p99: latency.quantile(0.99) }
}

answer({ connect, run, pace })
