import { defineConfig } from "@magpie/cli"
import { anonymous, command, contract, json } from "@magpie/server"

/** The server of the process tests of commands. */
export default defineConfig({
  contract: contract({ "device/:id": command({ turn: { input: json(), output: json() } }, { deadlineMs: 120_000 }) }),
  auth: anonymous(),
  channels: { "device/:id": { authorize: () => true } },
  host: "127.0.0.1",
})
