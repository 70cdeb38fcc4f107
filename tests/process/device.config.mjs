import { defineConfig } from "@magpie/cli"
import { anonymous, command, contract, json, table } from "@magpie/server"

const set = { input: json(), output: json() }

/** The server of the tests of `magpie device`. */
export default defineConfig({
  contract: contract({
    "lamp/:id": command({ set }),
    "thermostat/:id": command({ set }),
    "valve/:id": command({ move: { input: json(), output: json(), progress: json(), errors: { stuck: json() } } }),
    "devices/reported": table({ key: json(), value: json(), presence: json() }),
    "devices/desired": table({ key: json(), value: json() }),
  }),
  auth: anonymous(),
  channels: {
    "lamp/:id": { authorize: () => true },
    "thermostat/:id": { authorize: () => true },
    "valve/:id": { authorize: () => true },
    "devices/reported": { authorize: () => true },
    "devices/desired": { authorize: () => true },
  },
  host: "127.0.0.1",
})
