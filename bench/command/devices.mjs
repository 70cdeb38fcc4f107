// Devices that count what they do, in a process that may be killed at any moment. What was done stands in a file, a line each with
// its time, before anybody is told of it.
import { openSync, writeSync } from "node:fs"
import { join } from "node:path"
import { connect } from "@magpie/client"
import { serveCommands, storedCommands } from "@magpie/client/command"
import { answer } from "../harness/answer.mjs"
import { tokenFor } from "../harness/token.mjs"
import { BACKOFF } from "./backoff.mjs"

const AT_ONCE = 16

async function serve(/** @type {{ port: number, directory: string, names: readonly string[] }} */ { port, directory, names }) {
  const effects = openSync(join(directory, "effects"), "a")
  for (const name of names) {
    const client = connect(`ws://127.0.0.1:${port}`, { token: () => tokenFor(name), backoff: BACKOFF })
    serveCommands(/** @type {any} */ (client.channel(`device/${name}`)), {
      store: await storedCommands({ name: join(directory, name) }),
      concurrency: AT_ONCE,
      handlers: {
        count({ number }, { id }) {
          writeSync(effects, `${id} ${Date.now()}\n`)
          return number
        },
      },
    })
  }
}

answer({ serve })
