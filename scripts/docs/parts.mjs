// Everything that is generated into the pages, by the name in `<!-- generated: name -->`.
import { API_PARTS } from "./api.mjs"
import { BROKER_PARTS } from "./brokers.mjs"
import { CHAOS_PARTS } from "./chaos.mjs"
import { COMMAND_PARTS } from "./command.mjs"
import { DEPLOY_PARTS } from "./deploy.mjs"
import { MUTATION_PARTS } from "./mutation.mjs"
import { PLANTED_PARTS } from "./planted.mjs"
import { PROOF_PARTS } from "./proof.mjs"
import { PROTOCOL_PARTS } from "./protocol.mjs"
import { SIMULATION_PARTS } from "./simulation.mjs"

/**
 * @typedef {import("./markdown.mjs").Language} Language
 * @typedef {{
 *   readonly protocol: import("./protocol.mjs").Protocol,
 *   readonly statuses: Readonly<Record<string, number>>,
 *   readonly description: import("./api.mjs").Description,
 *   readonly fields: import("./command.mjs").Fields,
 *   readonly commands: readonly import("./command.mjs").Command[],
 *   readonly brokers: readonly import("./brokers.mjs").Broker[],
 *   readonly figures: import("./figures.mjs").Figures,
 * }} Sources
 * @typedef {(sources: Sources, language: Language) => string} Part
 */

/** @type {Readonly<Record<string, Part>>} */
const PARTS = {
  ...PROTOCOL_PARTS,
  ...API_PARTS,
  ...COMMAND_PARTS,
  ...DEPLOY_PARTS,
  ...BROKER_PARTS,
  ...SIMULATION_PARTS,
  ...PLANTED_PARTS,
  ...CHAOS_PARTS,
  ...MUTATION_PARTS,
  ...PROOF_PARTS,
}

/**
 * A document with each `<!-- generated: name -->` … `<!-- end -->` filled anew. Fails where a part has no source.
 * @param {string} text
 * @param {Sources} sources
 * @param {Language} language
 */
export function fill(text, sources, language) {
  return text.replace(/(<!-- generated: (\S+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, open, name, close) => {
    const part = PARTS[name]
    if (part === undefined) throw new Error(`nothing generates "${name}"`)
    return `${open}\n${part(sources, language)}\n\n${close}`
  })
}
