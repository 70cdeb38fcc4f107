// What the brokers are installed from: Debian's packages, and Maven Central by the Maven that is set up here.
import { spawnSync } from "node:child_process"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"

/** Where a program is: in these folders first, then in the path, then where only root looks. */
export function find(/** @type {string} */ program, /** @type {readonly string[]} */ folders = []) {
  for (const folder of [...folders, ...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"]) {
    const path = join(folder, program)
    try {
      accessSync(path, constants.X_OK)
      return path
    } catch {
      // Not there.
    }
  }
  return undefined
}

/** Installs packages of Debian. Fails where that fails. */
export function installPackages(/** @type {readonly string[]} */ names) {
  const root = process.getuid?.() === 0 ? [] : ["sudo", "-n"]
  // Where that is heeded, what a package starts by itself stays down.
  const quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "RUNLEVEL=1"]
  run([...root, ...quiet, "apt-get", "update", "-q"])
  run([...root, ...quiet, "apt-get", "install", "-y", "-q", "--no-install-recommends", ...names])
}

/** Runs a command; what it prints goes to standard error. Fails where it fails. */
export function run(/** @type {readonly string[]} */ [command, ...args]) {
  const { status, error } = spawnSync(String(command), args, { stdio: ["ignore", 2, 2] })
  if (status !== 0) throw new Error(`${command} ${args.slice(0, 3).join(" ")} … failed${error === undefined ? "" : `: ${error.message}`}`)
}
