// A device that turns a valve until it is killed: `node valve.mjs <url> <directory>`. What it has done stands in `effects`, a line
// each, before it says so.
import { appendFileSync } from "node:fs"
import { join } from "node:path"
import { connect } from "@magpie/client"
import { serveCommands, storedCommands } from "@magpie/client/command"

const [url, directory] = process.argv.slice(2)
const client = connect(String(url), { backoff: { initialMs: 20, maxMs: 200 } })
const store = await storedCommands({ name: join(String(directory), "store") })
serveCommands(client.channel("device/7"), {
  store,
  handlers: {
    async turn(input, { id }) {
      appendFileSync(join(String(directory), "effects"), `${id}\n`)
      process.stdout.write("effect\n")
      // A kill may come before it is known that it was done.
      await new Promise((resolve) => setImmediate(resolve))
      return input
    },
  },
})
