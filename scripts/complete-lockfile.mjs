// Fills in what a registry that carries only this machine's binaries leaves out of package-lock.json: the optional packages
// of other platforms. Without them `npm ci` calls the lockfile out of step. Run after every
// `npm install`; takes the name of another lockfile than the root's.
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const PLATFORMS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"]
const PROCESSORS = ["arm64", "arm", "x64", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "wasm32"]

const file = process.argv[2] ?? fileURLToPath(new URL("../package-lock.json", import.meta.url))
const lock = JSON.parse(readFileSync(file, "utf8"))
const added = []

for (const [path, entry] of Object.entries(lock.packages)) {
  const names = Object.keys(entry.optionalDependencies ?? {})
  if (path === "" || names.length === 0) continue
  for (const name of names) {
    if (isLocked(path, name)) continue
    const platform = platformOf(name)
    if (platform === undefined) continue
    const place = `${prefixOf(path, names)}node_modules/${name}`
    const version = entry.optionalDependencies[name].replace(/^[^0-9]*/, "")
    lock.packages[place] = { version, ...platform, ...(entry.dev ? { dev: true } : undefined), optional: true }
    added.push(place)
  }
}

/** Whether the package is there, where Node looks for it from that place upwards. */
function isLocked(/** @type {string} */ path, /** @type {string} */ name) {
  let at = path
  while (at !== "") {
    if (lock.packages[`${at}/node_modules/${name}`] !== undefined) return true
    at = at.slice(0, Math.max(0, at.lastIndexOf("/node_modules/")))
  }
  return lock.packages[`node_modules/${name}`] !== undefined
}

/** Where a sibling that this machine has was put, so that all of a family stand together. */
function prefixOf(/** @type {string} */ path, /** @type {readonly string[]} */ names) {
  for (const prefix of [`${path}/`, path.slice(0, Math.max(0, path.lastIndexOf("node_modules/")))]) {
    if (names.some((name) => lock.packages[`${prefix}node_modules/${name}`] !== undefined)) return prefix
  }
  return ""
}

/** What npm would have written down, read from the package's name; undefined for one that is for every platform. */
function platformOf(/** @type {string} */ name) {
  const words = name.replace(/^.*\//, "").split(/[-.]/)
  const os = PLATFORMS.find((platform) => words.includes(platform)) ?? (words.some((word) => word.startsWith("win")) ? "win32" : undefined)
  const cpu = PROCESSORS.find((processor) => words.includes(processor))
  if (os === undefined && cpu === undefined) return undefined
  return { ...(cpu ? { cpu: [cpu] } : undefined), ...(os ? { os: [os] } : undefined) }
}

lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)))
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`)
process.stdout.write(`${added.length} packages of other platforms added\n`)
