import { defineConfig } from "@magpie/cli"
import { anonymous, command, commandFailure, contract, json } from "@magpie/server"

/** The server of the tests of `magpie call`: tools that it runs itself, and a device that nobody is. */
export default defineConfig({
  contract: contract({
    "tools/:name": command({
      count: { input: json(), output: json(), progress: json() },
      break: { input: json(), output: json(), errors: { broken: json() } },
      wait: { input: json(), output: json(), progress: json() },
    }),
    "device/:id": command({ turn: { input: json(), output: json() } }, { deadlineMs: 120_000, reportMs: 1_000 }),
    "attic/:name": command({ look: { input: json(), output: json() } }),
  }),
  auth: anonymous(),
  channels: {
    "tools/:name": {
      authorize: () => true,
      handle: {
        async count(most, { progress }) {
          for (let n = 1; n <= most; n++) await progress(n)
          return most
        },
        break(piece) {
          throw commandFailure("broken", { piece })
        },
        async wait(_input, { signal, progress }) {
          await progress("waiting")
          await new Promise((resolve) => signal.addEventListener("abort", resolve))
          throw signal.reason
        },
      },
    },
    "device/:id": { authorize: () => true },
    "attic/:name": { authorize: () => false },
  },
  host: "127.0.0.1",
})
