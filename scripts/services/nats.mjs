import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { find, installPackages } from "./packages.mjs"
import { probe } from "./service.mjs"

/** @type {import("./service.mjs").Service} */
export const nats = {
  name: "nats",
  title: "NATS",
  missing: () => (find("nats-server") === undefined ? "nats-server is not installed (Debian's package nats-server)" : undefined),
  install: () => installPackages(["nats-server"]),
  launch({ port, directory, settings }) {
    const all = { host: "127.0.0.1", port: String(port), jetstream: `{ store_dir: ${JSON.stringify(directory)} }`, ...settings }
    const file = join(directory, "nats.conf")
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\n`)
    writeFileSync(file, lines.join(""))
    return { command: find("nats-server") ?? "nats-server", args: ["--config", file] }
  },
  answers: (port) => probe(port, "", (answer) => answer.toString().startsWith("INFO ") && answer.includes("\r\n")),
}
