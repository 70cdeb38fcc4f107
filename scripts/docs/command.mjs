// What the `magpie` command says of itself and of its configuration.
import { table } from "./markdown.mjs"
import { said } from "./zh-tw.mjs"

/**
 * @typedef {import("./parts.mjs").Part} Part
 * @typedef {{ readonly [name: string]: Field }} Fields the schema of a configuration
 * @typedef {{ readonly kind: { readonly words: string }, readonly about: string, readonly required?: true, readonly fallback?: string, readonly env?: readonly string[], readonly fields?: Fields }} Field
 * @typedef {{ readonly name: string, readonly summary: string, readonly help: string }} Command
 */

const FIELDS = {
  en: ["field", "what it must be", "default", "environment", "what it is"],
  "zh-TW": ["欄位", "必須是", "預設", "環境變數", "說明"],
}
const LIMITS = { en: ["limit", "default", "environment"], "zh-TW": ["限制", "預設", "環境變數"] }
const REQUIRED = { en: "(required)", "zh-TW": "（必填）" }

/** @type {Readonly<Record<string, Part>>} */
export const COMMAND_PARTS = {
  config: ({ fields }, language) =>
    table(
      FIELDS[language],
      fieldRows(fields).map(({ name, field }) => [
        `\`${name}\``,
        said(field.kind.words, language),
        field.required ? REQUIRED[language] : field.fallback === undefined ? "" : said(field.fallback, language),
        variables(field),
        said(field.about, language),
      ]),
    ),
  "config-limits": ({ fields: { limits } }, language) =>
    table(
      LIMITS[language],
      Object.entries(limits?.fields ?? {}).map(([name, field]) => [`\`${name}\``, field.fallback ?? "", variables(field)]),
    ),
  commands: ({ commands }, language) =>
    commands.map(({ name, summary, help }) => section(name, said(summary, language), help)).join("\n\n"),
}

/**
 * Every field with the fields inside it; limits have a table of their own.
 * @param {Fields} fields
 * @returns {{ name: string, field: Field }[]}
 */
function fieldRows(fields, before = "") {
  return Object.entries(fields).flatMap(([name, field]) => [
    { name: before + name, field },
    ...(field.fields === undefined || name === "limits" ? [] : fieldRows(field.fields, `${before}${name}.`)),
  ])
}

function variables(/** @type {Field} */ { env = [] }) {
  return env.map((name) => `\`${name}\``).join(", ")
}

/** @param {string} name @param {string} summary @param {string} help */
function section(name, summary, help) {
  return `### magpie ${name}\n\n${summary}\n\n\`\`\`text\n${help.split("\n").slice(2).join("\n")}\n\`\`\``
}
