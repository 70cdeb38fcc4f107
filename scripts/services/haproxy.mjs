import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { certificateIn, endsTls, fitted, NODES } from "./front.mjs"
import { find, installPackages } from "./packages.mjs"
import { freePort } from "./service.mjs"

/** What a distribution's own haproxy.cfg says before ours. */
const MAIN = "global\n  maxconn 4096\n  log stderr format raw local0 notice\n"

/** @type {import("./service.mjs").Service} */
export const haproxy = {
  name: "haproxy",
  title: "HAProxy",
  isFront: true,
  missing: () => (find("haproxy") === undefined ? "haproxy is not installed (Debian's package haproxy)" : undefined),
  install: () => installPackages(["haproxy"]),
  async launch({ port, directory, settings: { nodes = NODES, plainPort, links } = {} }) {
    const { pair } = await certificateIn(directory)
    const site = fitted("haproxy.cfg", nodes, [
      [/bind :::80 v4v6/, `bind 127.0.0.1:${plainPort ?? (await freePort())}`],
      [/bind :::443 v4v6/, `bind 127.0.0.1:${port}`],
      [/\/etc\/haproxy\/certs\/example\.org\.pem/, pair],
      .../** @type {[RegExp, string][]} */ (links === "spread" ? [[/balance url_param link\n *hash-type .*/, "balance roundrobin"]] : []),
    ])
    const files = { main: join(directory, "haproxy.cfg"), site: join(directory, "magpie.cfg") }
    writeFileSync(files.main, MAIN)
    writeFileSync(files.site, site)
    return { command: find("haproxy") ?? "haproxy", args: ["-db", "-f", files.main, "-f", files.site] }
  },
  answers: endsTls,
}
