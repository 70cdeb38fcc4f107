// What stands before several nodes: the configurations of docs/deploy, as users copy them, fitted to this machine.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { connect } from "node:tls"
import { fileURLToPath } from "node:url"
import { generate } from "selfsigned"

/** Where `npm run services` looks for nodes when it is not told. */
export const NODES = "127.0.0.1:8080,127.0.0.1:8081,127.0.0.1:8082"
/** As the configurations name their nodes. */
const NODE = /^(.*server .*)10\.0\.0\.1([1-3]):8080(.*)\n/gm
const MOST_NODES = 3
const PROBE_MS = 2_000

/**
 * A configuration of docs/deploy for these nodes, with `changes` made. Fails where one of them has nothing to change, so that
 * what is tested is what users copy.
 * @param {string} name
 * @param {string} nodes addresses with ports, divided by commas
 * @param {readonly (readonly [RegExp, string])[]} changes
 */
export function fitted(name, nodes, changes) {
  const addresses = nodes.split(",")
  if (addresses.length > MOST_NODES) throw new Error(`docs/deploy/${name} has ${MOST_NODES} nodes: name no more`)
  const text = readFileSync(fileURLToPath(new URL(`../../docs/deploy/${name}`, import.meta.url)), "utf8")
  const balanced = replaced(text, NODE, (_, before, number, after) => {
    const address = addresses[number - 1]
    return address === undefined ? "" : `${before}${address}${after}\n`
  })
  return changes.reduce((changed, [pattern, by]) => replaced(changed, pattern, () => by), balanced)

  /** @param {string} from @param {RegExp} pattern @param {(...found: any[]) => string} by */
  function replaced(from, pattern, by) {
    const changed = from.replace(pattern, by)
    if (changed === from) throw new Error(`docs/deploy/${name} has nothing like ${pattern}`)
    return changed
  }
}

/** A certificate for loopback in `cert.pem`, its key in `key.pem`, and both in `pair.pem`; made once. */
export async function certificateIn(/** @type {string} */ directory) {
  const files = { cert: join(directory, "cert.pem"), key: join(directory, "key.pem"), pair: join(directory, "pair.pem") }
  if (existsSync(files.pair)) return files
  const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }], {
    keyType: "ec",
    extensions: [
      {
        name: "subjectAltName",
        altNames: [
          { type: 2, value: "localhost" },
          { type: 7, ip: "127.0.0.1" },
        ],
      },
    ],
  })
  writeFileSync(files.cert, cert)
  writeFileSync(files.key, key, { mode: 0o600 })
  writeFileSync(files.pair, `${cert}\n${key}\n`, { mode: 0o600 })
  return files
}

/**
 * Whether somebody on a port ends TLS.
 * @param {number} port
 * @returns {Promise<boolean>}
 */
export function endsTls(port) {
  return new Promise((resolve) => {
    const socket = connect({ port, host: "127.0.0.1", rejectUnauthorized: false })
    const end = (/** @type {boolean} */ answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(PROBE_MS, () => end(false))
    socket.on("secureConnect", () => end(true))
    socket.on("error", () => end(false))
    socket.on("close", () => end(false))
  })
}
