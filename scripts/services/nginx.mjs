import { mkdirSync, writeFileSync } from "node:fs"
import { userInfo } from "node:os"
import { join } from "node:path"
import { certificateIn, endsTls, fitted, NODES } from "./front.mjs"
import { find, installPackages } from "./packages.mjs"
import { freePort } from "./service.mjs"

/** Where it keeps what does not fit into memory. */
const TEMPORARY = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]

/** @type {import("./service.mjs").Service} */
export const nginx = {
  name: "nginx",
  title: "NGINX",
  isFront: true,
  missing: () => (find("nginx") === undefined ? "nginx is not installed (Debian's package nginx)" : undefined),
  install: () => installPackages(["nginx"]),
  async launch({ port, directory, settings: { nodes = NODES, plainPort, links } = {} }) {
    const { cert, key } = await certificateIn(directory)
    const site = fitted("nginx.conf", nodes, [
      [/^ *listen \[::\].*\n/gm, ""],
      [/listen 80;/, `listen 127.0.0.1:${plainPort ?? (await freePort())};`],
      [/listen 443 ssl/, `listen 127.0.0.1:${port} ssl`],
      [/\/etc\/ssl\/example\.org\/fullchain\.pem/, cert],
      [/\/etc\/ssl\/example\.org\/privkey\.pem/, key],
      .../** @type {[RegExp, string][]} */ (links === "spread" ? [[/^ *hash .*\n/m, ""]] : []),
    ])
    writeFileSync(join(directory, "magpie.conf"), site)
    const file = join(directory, "nginx.conf")
    writeFileSync(file, `${main(directory).join("\n")}\n`)
    return { command: find("nginx") ?? "nginx", args: ["-p", directory, "-c", file, "-e", "stderr"] }
  },
  answers: endsTls,
}

/** What a distribution's own nginx.conf is around the files of conf.d. */
function main(/** @type {string} */ directory) {
  const temporary = join(directory, "temporary")
  mkdirSync(temporary, { recursive: true })
  return [
    // Who is not root has no other user to run as, and is told so where one is named.
    ...(process.getuid?.() === 0 ? [`user ${userInfo().username};`] : []),
    "daemon off;",
    "worker_processes 2;",
    "error_log stderr;",
    `pid ${join(directory, "nginx.pid")};`,
    "events { worker_connections 4096; }",
    "http {",
    "access_log off;",
    ...TEMPORARY.map((name) => `${name}_temp_path ${join(temporary, name)};`),
    `include ${join(directory, "magpie.conf")};`,
    "}",
  ]
}
