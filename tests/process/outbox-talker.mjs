// A process that talks through an outbox on its disk until it is killed: `node outbox-talker.mjs <url> <directory> <life> <count>`.
// It says which of its messages are kept, and when everything is confirmed.
import { connect } from "@magpie/client"
import { persistent } from "@magpie/client/persistent"

const [url, directory, life, count] = process.argv.slice(2)
const say = (line) => void process.stdout.write(`${line}\n`)
const outbox = persistent({ name: String(directory) })

outbox.on("change", ({ data, state, kept, restored, error }) => {
  const name = `${data.by} ${data.n}`
  if (error) say(`${state} ${error.code} ${name}`)
  else if (kept && !restored && state === "pending") say(`kept ${name}`)
  else if (state === "confirmed") say(`confirmed ${name}`)
})

const client = connect(String(url), { outbox, backoff: { initialMs: 20, maxMs: 200 } })
const room = client.channel("chat/lobby")
for (let n = 1; n <= Number(count); n++) {
  room.send("say", { by: String(life), n }).catch(() => {})
  // A few in each turn, so that a kill finds some of them written, some on their way and some not begun.
  if (n % 5 === 0) await new Promise((resolve) => setImmediate(resolve))
}
const waiting = setInterval(() => {
  if (outbox.messages.length > 0) return
  clearInterval(waiting)
  say("done")
}, 20)
