// A back end that says an answer word by word on a stream on LMDB: as one message that grows, or as a message a word.
import { readFileSync } from "node:fs"
import { contract, createServer, jwt, lmdb, stream } from "@magpie/server"
import { z } from "zod"
import { answer } from "../harness/answer.mjs"
import { SECRET } from "../harness/token.mjs"

const WORD = "word 12"

const app = contract({
  "log/:name": stream({ messages: { say: z.object({ text: z.string() }) }, changes: { say: { append: "text" } } }),
})
const [directory = "."] = process.argv.slice(2)
const server = createServer(app, { auth: jwt({ secret: SECRET }), storage: lmdb({ directory }), log: () => {} })
server.channel("log/:name", { authorize: () => true })
const channel = server.channel("log/answers")

/** Bytes that the kernel was given for the disk, where it tells. */
function written() {
  try {
    return Number(/^write_bytes: (\d+)$/m.exec(readFileSync("/proc/self/io", "utf8"))?.[1] ?? 0)
  } catch {
    return 0
  }
}

/** Says so many words, so many a second or as fast as they are durable. */
async function run(/** @type {{ grows: boolean, words: number, perSecond?: number }} */ { grows, words, perSecond }) {
  const { position } = await channel.publish("say", { text: "" })
  const target = { name: /** @type {const} */ ("say"), ...position }
  const started = performance.now()
  const wrote = written()
  /** @type {Promise<unknown>[]} */
  const said = []
  for (let word = 0; word < words; word++) {
    if (perSecond !== undefined) await until(started + (word * 1_000) / perSecond)
    said.push(grows ? channel.append(target, WORD) : channel.publish("say", { text: WORD }))
  }
  await Promise.all(said)
  if (grows && channel.history({ last: 1 })[0]?.data.text !== WORD.repeat(words)) throw new Error("the answer is not what was said")
  return { bytes: written() - wrote }
}

async function until(/** @type {number} */ due) {
  const ms = due - performance.now()
  if (ms > 0) await new Promise((resolve) => setTimeout(resolve, ms))
}

answer({ listen: async () => (await server.listen({ port: 0, host: "127.0.0.1" })).port, run })
