// Operators who call commands on devices, so many at a time, and wait for the end of each.
import { connect } from "@magpie/client"
import { commands } from "@magpie/client/command"
import { answer } from "../harness/answer.mjs"
import { tokenFor } from "../harness/token.mjs"
import { BACKOFF } from "./backoff.mjs"

const AT_ONCE = 400
const DEADLINE_MS = 60_000
/** Every so many a command may wait so shortly that some expire. */
const URGENT_EACH = 10
const URGENT_MS = 250

/** @type {ReturnType<typeof commands<any, any>>[]} */
let devices = []
/** @type {Record<string, number>} */
const told = {}
let ended = 0

function open(/** @type {{ port: number, names: readonly string[] }} */ { port, names }) {
  const client = connect(`ws://127.0.0.1:${port}`, { token: () => tokenFor("operator"), backoff: BACKOFF })
  devices = names.map((name) => commands(/** @type {any} */ (client.channel(`device/${name}`))))
}

/** Calls `total` commands; how many ended how, as their callers were told. */
async function call(/** @type {{ total: number }} */ { total }) {
  let next = 0
  async function callSome() {
    while (next < total) {
      const number = next++
      const device = devices[number % devices.length]
      const deadlineMs = number % URGENT_EACH === 0 ? URGENT_MS : DEADLINE_MS
      const { state } = await device.outcome("count", { number }, { id: `c${number}`, deadlineMs })
      told[state] = (told[state] ?? 0) + 1
      ended++
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, callSome))
  return told
}

answer({ open, call, progress: () => ended })
