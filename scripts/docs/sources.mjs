// What the built packages and the kept figures say, for the parts of the pages that are generated from them.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { openFigures } from "./figures.mjs"

/** @typedef {(path: string) => Promise<any>} Load a module of packages/, built */

/** @param {string} root @returns {Promise<import("./parts.mjs").Sources>} */
export async function openSources(root) {
  /** @type {Load} */
  const built = (path) => import(pathToFileURL(join(root, "packages", path)).href)
  const protocol = await built("protocol/dist/index.js")
  const { HTTP_STATUSES: statuses } = await built("server/dist/http/statuses.js")
  const { FIELDS: fields } = await built("cli/dist/config/fields.js")
  const description = await askForDescription(protocol, built)
  const commands = await commandsOf(built)
  return { protocol, statuses, fields, commands, description, brokers: await brokersOf(built), figures: openFigures(root) }
}

/** The store of a server alone, and what each adapter declares. @param {Load} built @returns {Promise<readonly import("./brokers.mjs").Broker[]>} */
async function brokersOf(built) {
  const { redis } = await built("journal-redis/dist/index.js")
  const { nats } = await built("journal-nats/dist/index.js")
  const { rabbitmq } = await built("journal-rabbitmq/dist/index.js")
  const { kafka } = await built("journal-kafka/dist/index.js")
  return [
    await embedded(built),
    redis({ url: "redis://localhost" }),
    nats({ servers: "localhost" }),
    rabbitmq({ url: "amqp://localhost" }),
    kafka({ brokers: ["localhost:9092"] }),
  ]
}

/** @param {Load} built @returns {Promise<import("./brokers.mjs").Broker>} */
async function embedded(built) {
  const { lmdb } = await built("journal/dist/lmdb/index.js")
  const { embeddedJournal } = await built("journal/dist/index.js")
  const directory = mkdtempSync(join(tmpdir(), "magpie-docs-"))
  try {
    const storage = lmdb({ directory })
    const { level, trims } = embeddedJournal({ env: { clock: undefined }, level: storage.level }).capabilities
    await storage.close()
    return { name: "embedded", capabilities: { levels: [level], trims, bus: "none" } }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

/** @param {Load} built @returns {Promise<readonly import("./command.mjs").Command[]>} */
async function commandsOf(built) {
  const { COMMANDS } = await built("cli/dist/commands.js")
  const { helpOf } = await built("cli/dist/help.js")
  const { styleFor } = await built("cli/dist/surroundings.js")
  /** @type {Promise<import("./command.mjs").Command>[]} */
  const loading = COMMANDS.map(async (/** @type {any} */ { name, summary, load }) => ({
    name,
    summary,
    help: helpOf(await load(), styleFor({}, false)),
  }))
  return Promise.all(loading)
}

/**
 * Asks a server for the description of its HTTP API, as anybody would.
 * @param {any} protocol
 * @param {Load} built
 * @returns {Promise<import("./api.mjs").Description>}
 */
async function askForDescription({ contract }, built) {
  const { createTestBed } = await built("testing/dist/index.js")
  const { anonymous } = await built("server/dist/core.js")
  const bed = await createTestBed(contract({}), { auth: anonymous(), rules: {} })
  const request = { method: "GET", target: "/magpie/api/v1/openapi.json", headers: {}, address: "", readBody: () => Promise.reject() }
  const { body } = await bed.server.api(request)
  await bed.close()
  return JSON.parse(body)
}
