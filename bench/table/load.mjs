// Followers of quotes, each of some. Each keeps what it was told, and is right when it has the newest of all that it follows.
import { answer } from "../harness/answer.mjs"
import { openLink } from "../harness/link.mjs"
import { KEYS, keyOf } from "./market.mjs"
import { INTERVAL_MS, tableWires } from "./wires.mjs"

const SETTLE_MS = 20_000
const AT_ONCE = 50

/**
 * @typedef {object} Follower
 * @property {import("../harness/link.mjs").Link} link
 * @property {Map<string, { value: any, count: number }>} rows
 * @property {number} followed how many keys
 * @property {() => void} confirm
 */

/** @type {import("./wires.mjs").TableWire} */
let wire
/** @type {Follower[]} */
const followers = []
/** Of the run that is measured. */
const seen = { bytes: 0, updates: 0, skipped: 0 }
/** When an update came, and of how many rows. @type {{ at: number, rows: number }[]} */
let arrivals = []

async function connect(/** @type {any} */ { port, wire: name, followers: count, keys: perFollower }) {
  wire = tableWires[name]
  let next = 0
  async function openSome() {
    while (next < count) await open(port, next++, perFollower)
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, openSome))
}

async function open(/** @type {number} */ port, /** @type {number} */ number, /** @type {number | undefined} */ perFollower) {
  const link = openLink({
    port,
    path: wire.path,
    ...(wire.subprotocol === undefined ? {} : { subprotocol: wire.subprotocol }),
    localAddress: `127.0.0.${1 + (number % 10)}`,
  })
  await link.opened
  const keys = perFollower === undefined ? undefined : chosenBy(number, perFollower)
  await wire.greet(link, `user-${number}`)
  const follower = { link, rows: new Map(), followed: keys?.length ?? KEYS, confirm: () => {} }
  const confirmed = new Promise((resolve) => {
    follower.confirm = () => resolve(undefined)
  })
  followers.push(follower)
  link.listen((bytes, start, end) => onFrame(follower, bytes, start, end))
  link.send(wire.follow(keys))
  await confirmed
}

/** No two choose alike: a step through all keys that has no divisor in common with their number, and where it begins. */
function chosenBy(/** @type {number} */ number, /** @type {number} */ count) {
  const step = [7, 11, 13, 17, 19, 23, 29, 31][number % 8]
  return Array.from({ length: count }, (_, index) => keyOf((number * 37 + index * step) % KEYS))
}

function onFrame(/** @type {Follower} */ follower, /** @type {Buffer} */ bytes, /** @type {number} */ start, /** @type {number} */ end) {
  if (wire.sign !== undefined && end - start === 1 && bytes[start] === 0x32) return follower.link.send(wire.sign)
  const at = Date.now()
  seen.bytes += end - start
  for (const text of bytes.toString("utf8", start, end).split("\n")) {
    if (wire.isFollowed(text)) follower.confirm()
    const rows = wire.rows(text)
    if (rows === undefined) continue
    for (const row of rows) take(follower, row)
    seen.updates += rows.length
    arrivals.push({ at, rows: rows.length })
  }
}

function take(/** @type {Follower} */ { rows }, /** @type {import("./wires.mjs").ToldRow} */ { key, value, fields, count = 0 }) {
  const before = rows.get(key)
  if (before !== undefined && count > 0) seen.skipped += count - before.count - 1
  rows.set(key, { value: value ?? { ...before?.value, ...fields }, count })
}

/** Forgets what was counted. */
function begin() {
  Object.assign(seen, { bytes: 0, updates: 0, skipped: 0 })
  arrivals = []
}

/** Resolves when each follower has the newest of all that it follows: quotes count their writes in `volume`. */
async function settle(/** @type {{ volume: number, endedAt: number }} */ { volume, endedAt }) {
  const giveUpAt = Date.now() + SETTLE_MS
  const isLevel = (/** @type {Follower} */ { rows, followed }) =>
    rows.size === followed && [...rows.values()].every(({ value }) => value.volume === volume)
  while (!followers.every(isLevel)) {
    if (Date.now() > giveUpAt) throw new Error(`${followers.filter((each) => !isLevel(each)).length} followers are not level`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const [follower] = followers
  const whole = [...(follower?.rows ?? [])].reduce((sum, [key, { value }]) => sum + JSON.stringify({ key, value }).length, 0)
  return {
    ...seen,
    updatesPerSecond: updatesPerSecond(endedAt),
    newestAfterMs: Math.max(0, (arrivals.at(-1)?.at ?? 0) - endedAt),
    wholeBytes: whole / (follower?.followed ?? 1),
  }
}

/** In whole seconds that begin in the middle between two updates, so that it does not matter by how little one is late. */
function updatesPerSecond(/** @type {number} */ endedAt) {
  const from = (arrivals[0]?.at ?? 0) + INTERVAL_MS / 2
  const seconds = Math.floor((endedAt - from) / 1_000)
  return arrivals.reduce((sum, { at, rows }) => sum + (at >= from && at < from + seconds * 1_000 ? rows : 0), 0) / seconds
}

answer({ connect, begin, settle })
