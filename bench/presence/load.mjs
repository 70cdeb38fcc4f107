// Thousands of members, some hundred watchers, and members that come and go. What each watcher is told is counted.
import { answer } from "../harness/answer.mjs"
import { openLinks } from "../harness/links.mjs"
import { presenceWires } from "./wires.mjs"

const ROOM = "big"
/** Members of the small room, who are in the big one too. */
const SMALL = 100
const SMALL_ROOM = "small"
/** So many members are away at any time: whoever leaves comes back after all of them, so that nobody is gone for a moment only. */
const AWAY = 200
const TICK_MS = 5

/** @type {import("./wires.mjs").PresenceWire} */
let wire
/** @type {readonly import("../harness/link.mjs").Link[]} */
let members = []
/** @type {readonly import("../harness/link.mjs").Link[]} */
let watchers = []
/** By watcher: joins and leaves that it was told since the start. */
let told = new Float64Array(0)
let bytesIn = 0
/** Numbers of the members that are away, and of those that are there, the longest first. @type {number[]} */
const away = []
/** @type {number[]} */
const present = []
let onTold = () => {}
let onAnswer = (/** @type {string} */ _text) => {}
/** Messages are the same for all watchers as a rule, and are read once. */
let lastText = ""
let lastTold = 0

async function connect(/** @type {any} */ { port, wire: name, members: count, watchers: watching }) {
  wire = presenceWires[name]
  ;({ links: members } = await openLinks({ port, wire: name, channel: "", count, follows: false }))
  for (const link of members) link.listen((bytes, start, end) => onOther(link, bytes, start, end))
  for (const [number, link] of members.entries()) {
    if (number < AWAY) away.push(number)
    else {
      present.push(number)
      link.send(wire.enter(ROOM, number))
    }
    if (number < SMALL) link.send(wire.enter(SMALL_ROOM, number))
    if (number % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
  }
  ;({ links: watchers } = await openLinks({ port, wire: name, channel: "", count: watching, first: count, follows: false }))
  told = new Float64Array(watchers.length)
  for (const [index, link] of watchers.entries()) link.listen((bytes, start, end) => onFrame(index, bytes, start, end))
  await allWatch()
  return members.length
}

/** Members hear their own answers only; Socket.IO asks everybody for a sign of life. */
function onOther(
  /** @type {import("../harness/link.mjs").Link} */ link,
  /** @type {Buffer} */ bytes,
  /** @type {number} */ start,
  /** @type {number} */ end,
) {
  if (end - start === 1 && bytes[start] === 0x32) link.send("3")
}

function onFrame(/** @type {number} */ index, /** @type {Buffer} */ bytes, /** @type {number} */ start, /** @type {number} */ end) {
  if (end - start === 1 && bytes[start] === 0x32) return watchers[index]?.send("3")
  bytesIn += end - start
  for (const text of bytes.toString("utf8", start, end).split("\n")) {
    if (wire.answersWatch(text)) onAnswer(text)
    if (text !== lastText) {
      lastText = text
      lastTold = wire.told(text)
    }
    told[index] += lastTold
  }
  onTold()
}

/** Every watcher asks for the big room, and is answered. */
function allWatch() {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("not all watches were answered in 30 s")), 30_000)
    let answered = 0
    onAnswer = () => {
      if (++answered < watchers.length) return
      clearTimeout(late)
      resolve(undefined)
    }
    for (const link of watchers) link.send(wire.watch(ROOM, 1))
  })
}

/** Asks for a room and resolves with the answer. */
function firstPage(/** @type {import("../harness/link.mjs").Link} */ link, /** @type {string} */ room) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error("a watch was not answered in 10 s")), 10_000)
    onAnswer = (text) => {
      clearTimeout(late)
      resolve(text)
    }
    link.send(wire.watch(room, 1))
  })
}

/** Members leave and come at a fixed rate; resolves when every watcher was told of each. */
async function run(/** @type {{ perSecond: number, ms: number }} */ { perSecond, ms }) {
  const changes = Math.round((perSecond * ms) / 2_000) * 2
  const before = told[0] ?? 0
  bytesIn = 0
  const started = performance.now()
  let sent = 0
  const all = new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`told ${told[0] - before} of ${changes} changes`)), ms + 20_000)
    onTold = () => {
      if (told.some((count) => count < before + changes)) return
      clearTimeout(late)
      resolve(undefined)
    }
  })
  const ticking = setInterval(() => {
    const due = Math.min(changes, Math.floor(((performance.now() - started) / 1_000) * perSecond))
    for (; sent < due; sent++) change(sent % 2 === 0)
    if (sent === changes) clearInterval(ticking)
  }, TICK_MS)
  await all
  onTold = () => {}
  if (told.some((count) => count !== before + changes)) throw new Error(`told of more than the ${changes} changes that there were`)
  return { deliveries: changes * watchers.length, bytesPerChange: bytesIn / (changes * watchers.length) }
}

function change(/** @type {boolean} */ leaves) {
  const [from, to] = leaves ? [present, away] : [away, present]
  const number = from.shift() ?? 0
  to.push(number)
  members[number].send(leaves ? wire.leave(ROOM, number) : wire.enter(ROOM, number))
}

/** Watches a room so many times, one after the other. */
async function pages(/** @type {{ room: string, count: number }} */ { room, count }) {
  const [link] = watchers
  for (let page = 0; page < count; page++) await firstPage(link, room)
  await firstPage(link, ROOM)
  return { pages: count }
}

answer({ connect, run, pages })
