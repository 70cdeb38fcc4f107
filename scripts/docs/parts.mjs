// Everything that is generated into the pages, by the name in `<!-- generated: name -->`.
import { CHAOS_PARTS } from "./chaos.mjs"
import { MUTATION_PARTS } from "./mutation.mjs"
import { PLANTED_PARTS } from "./planted.mjs"
import { PROOF_PARTS } from "./proof.mjs"
import { PROTOCOL_PARTS } from "./protocol.mjs"
import { SIMULATION_PARTS } from "./simulation.mjs"

/**
 * @typedef {import("./markdown.mjs").Language} Language
 * @typedef {{ readonly protocol: import("./protocol.mjs").Protocol, readonly figures: import("./figures.mjs").Figures }} Sources
 * @typedef {(sources: Sources, language: Language) => string} Part
 */

/** @type {Readonly<Record<string, Part>>} */
const PARTS = { ...PROTOCOL_PARTS, ...SIMULATION_PARTS, ...PLANTED_PARTS, ...CHAOS_PARTS, ...MUTATION_PARTS, ...PROOF_PARTS }

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
