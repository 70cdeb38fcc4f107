// What the built packages and the kept figures say, for the parts of the pages that are generated from them.
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
  return { protocol, statuses, fields, commands: await commandsOf(built), description, figures: openFigures(root) }
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
