import { find, installPackages } from "./packages.mjs"
import { probe } from "./service.mjs"

/** @type {import("./service.mjs").Service} */
export const redis = {
  name: "redis",
  title: "Redis",
  missing: () => (find("redis-server") === undefined ? "redis-server is not installed (Debian's package redis-server)" : undefined),
  install: () => installPackages(["redis-server"]),
  launch({ port, directory, settings }) {
    const all = {
      ...{ bind: "127.0.0.1", port: String(port), dir: directory, daemonize: "no", save: "" },
      ...{ appendonly: "yes", appendfsync: "always", "no-appendfsync-on-rewrite": "no", ...settings },
    }
    return { command: find("redis-server") ?? "redis-server", args: Object.entries(all).flatMap(([name, value]) => [`--${name}`, value]) }
  },
  answers: (port) => probe(port, "PING\r\n", (answer) => answer.toString().startsWith("+PONG")),
}
