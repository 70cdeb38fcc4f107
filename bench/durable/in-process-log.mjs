// Magpie's durable log on LMDB, called directly: what the disk and the state machine cost without sockets and sessions.
import { join } from "node:path"
import { openDurableLog } from "@magpie/journal"
import { lmdb } from "@magpie/journal/lmdb"
import { DEFAULT_RETENTION } from "@magpie/protocol"
import { nodeEnv } from "@magpie/server"
import { answer } from "../harness/answer.mjs"
import { numbered } from "../wire/texts.mjs"

const [directory = "."] = process.argv.slice(2)
const pattern = "log/:name"
const channel = "log/in-process"
const log = await openDurableLog({
  storage: lmdb({ directory: join(directory, "log") }),
  env: nodeEnv(() => {}),
  settings: { retention: { [pattern]: DEFAULT_RETENTION }, deduplicationMs: 48 * 3_600_000 },
})
/** @type {number[]} by writer, how much it has written */
const written = []

async function run(/** @type {{ writers: number, ms: number }} */ { writers, ms }) {
  const before = log.newest(channel).offset
  const started = performance.now()
  const until = started + ms
  const writer = async (/** @type {number} */ index) => {
    while (performance.now() < until) {
      const sequence = (written[index] ?? 0) + 1
      written[index] = sequence
      const data = /** @type {any} */ (numbered(sequence))
      const from = `user-${index}`
      const outcome = await log.publish({ channel, pattern, name: "say", data, from, producer: `${from}/producer-${index}`, sequence })
      if (outcome.result !== "stored") throw new Error(`writer ${index}: ${JSON.stringify(outcome)}`)
    }
  }
  await Promise.all(Array.from({ length: writers }, (_, index) => writer(index)))
  const seconds = (performance.now() - started) / 1_000
  const writes = log.newest(channel).offset - before
  const all = written.reduce((sum, count) => sum + count, 0)
  if (log.newest(channel).offset !== all) throw new Error(`${log.newest(channel).offset} of ${all} publishes are there`)
  return { writes, seconds }
}

answer({ run })
