// LMDB with nothing around it: so many writers, each waiting until its 200 bytes are on the disk.
import { join } from "node:path"
import { open } from "lmdb"
import { answer } from "../harness/answer.mjs"
import { numbered } from "../wire/texts.mjs"

const [directory = "."] = process.argv.slice(2)
const database = open({ path: join(directory, "bare"), encoding: "binary", keyEncoding: "uint32", overlappingSync: false })
let next = 0

async function run(/** @type {{ writers: number, ms: number }} */ { writers, ms }) {
  const first = next
  const started = performance.now()
  const until = started + ms
  const writer = async () => {
    while (performance.now() < until) {
      const number = next++
      await database.put(number, Buffer.from(numbered(number)))
    }
  }
  await Promise.all(Array.from({ length: writers }, writer))
  const seconds = (performance.now() - started) / 1_000
  if (database.getKeysCount() !== next) throw new Error(`${database.getKeysCount()} of ${next} writes are there`)
  return { writes: next - first, seconds }
}

answer({ run })
