import { randomBytes } from "node:crypto"
import { existsSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { find, installPackages } from "./packages.mjs"
import { freePort, probe } from "./service.mjs"

/** Debian's own command changes the user; this one is what it runs. */
const FOLDERS = ["/usr/lib/rabbitmq/bin"]
/** The first bytes of AMQP 0-9-1; a method frame answers. */
const GREETING = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 0, 9, 1])
const METHOD_FRAME = 1

/** @type {import("./service.mjs").Service} */
export const rabbitmq = {
  name: "rabbitmq",
  title: "RabbitMQ",
  missing: () => (server() === undefined ? "rabbitmq-server is not installed (Debian's package rabbitmq-server)" : undefined),
  install: () => installPackages(["rabbitmq-server"]),
  async launch({ port, directory, settings }) {
    const all = { "listeners.tcp.default": `127.0.0.1:${port}`, "loopback_users.guest": "true", ...settings }
    const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}\n`)
    writeFileSync(join(directory, "rabbitmq.conf"), lines.join(""))
    writeFileSync(join(directory, "enabled_plugins"), "[].\n")
    const [home, data] = [join(directory, "home"), join(directory, "data")]
    for (const folder of [home, data]) mkdirSync(folder, { recursive: true })
    const cookie = join(home, ".erlang.cookie")
    if (!existsSync(cookie)) writeFileSync(cookie, randomBytes(16).toString("hex"), { mode: 0o400 })
    const epmd = await freePort()
    return {
      // What tells nodes where others are would be started apart and outlive its node; here it ends with it.
      command: "/bin/sh",
      args: ["-c", `epmd -address 127.0.0.1 -port ${epmd} & exec "$0"`, server() ?? "rabbitmq-server"],
      env: {
        ERL_EPMD_PORT: String(epmd),
        HOME: home,
        RABBITMQ_NODENAME: "magpie@localhost",
        RABBITMQ_CONFIG_FILE: join(directory, "rabbitmq.conf"),
        RABBITMQ_ENABLED_PLUGINS_FILE: join(directory, "enabled_plugins"),
        RABBITMQ_CONF_ENV_FILE: join(directory, "no-environment"),
        RABBITMQ_MNESIA_BASE: data,
        RABBITMQ_LOG_BASE: join(directory, "log"),
        RABBITMQ_LOGS: "-",
        RABBITMQ_DIST_PORT: String(await freePort()),
        RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2 +sbwt none",
      },
    }
  },
  answers: (port) => probe(port, GREETING, (answer) => answer[0] === METHOD_FRAME),
}

function server() {
  return find("rabbitmq-server", FOLDERS)
}
