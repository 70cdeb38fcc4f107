// The parts of docs/ that the code already says. `node scripts/docs.mjs` writes them, `--check` fails where they are stale.
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"
import { zhTw } from "./docs/zh-tw.mjs"

/** Documents with generated parts between what people wrote. */
const FILES = [
  "docs/protocol.md",
  "docs/http-api.md",
  "docs/http-api.zh-TW.md",
  "docs/config.md",
  "docs/config.zh-TW.md",
  "docs/cli.md",
  "docs/cli.zh-TW.md",
]

/**
 * @typedef {typeof import("../packages/protocol/src/index.ts") & { readonly HTTP_STATUSES: Readonly<Record<string, number>>, readonly openApi: any, readonly FIELDS: Fields, readonly commands: readonly { readonly name: string, readonly summary: string, readonly help: string }[] }} Said what the code says
 * @typedef {{ readonly [name: string]: Field }} Fields the schema of a configuration
 * @typedef {{ readonly kind: { readonly words: string }, readonly about: string, readonly required?: true, readonly fallback?: string, readonly env?: readonly string[], readonly fields?: Fields }} Field
 */

/**
 * Documents that are generated as a whole.
 * @type {Readonly<Record<string, (said: Said) => string>>}
 */
const WHOLE = { "docs/openapi.json": ({ openApi }) => `${JSON.stringify(openApi, null, 2)}\n` }

/** @type {Readonly<Record<string, (said: Said) => string>>} */
const PARTS = {
  errors: ({ ERROR_CODES, ERROR_REMEDIES }) =>
    table(
      ["code", "may succeed later", "what to do"],
      Object.entries(ERROR_CODES).map(([code, retryable]) => [`\`${code}\``, retryable ? "yes" : "no", ERROR_REMEDIES[code]]),
    ),
  "close-codes": ({ CLOSE_CODES, CLOSE_MEANINGS, reconnectsAfter }) =>
    table(
      ["code", "name", "client comes back", "meaning"],
      Object.entries(CLOSE_CODES).map(([name, code]) => [
        String(code),
        `\`${name}\``,
        reconnectsAfter(code) ? "yes" : "no",
        CLOSE_MEANINGS[/** @type {import("../packages/protocol/src/index.ts").CloseName} */ (name)],
      ]),
    ),
  limits: ({ LIMITS }) =>
    table(
      ["limit", "default", "unit", "answer", "what it counts"],
      Object.entries(LIMITS).map(([name, { value, unit, answer, about }]) => [
        `\`${name}\``,
        value.toLocaleString("en"),
        unit,
        `\`${answer}\``,
        about,
      ]),
    ),
  "api-routes": ({ openApi }) => table(["", "path", "what it does"], routeRows(openApi)),
  "api-routes.zh-TW": ({ openApi }) =>
    table(
      ["", "路徑", "作用"],
      routeRows(openApi).map(([method = "", path = "", summary = ""]) => [method, path, zhTw(summary)]),
    ),
  "api-statuses": ({ HTTP_STATUSES, ERROR_CODES }) =>
    table(
      ["code", "status", "may succeed later"],
      Object.entries(ERROR_CODES).map(([code, retryable]) => [`\`${code}\``, String(HTTP_STATUSES[code]), retryable ? "yes" : "no"]),
    ),
  "api-statuses.zh-TW": ({ HTTP_STATUSES, ERROR_CODES }) =>
    table(
      ["代碼", "狀態碼", "之後重試可能成功"],
      Object.entries(ERROR_CODES).map(([code, retryable]) => [`\`${code}\``, String(HTTP_STATUSES[code]), retryable ? "是" : "否"]),
    ),
  config: ({ FIELDS }) =>
    table(
      ["field", "what it must be", "default", "environment", "what it is"],
      fieldRows(FIELDS).map(({ name, field }) => [
        `\`${name}\``,
        field.kind.words,
        field.required ? "(required)" : (field.fallback ?? ""),
        variables(field),
        field.about,
      ]),
    ),
  "config.zh-TW": ({ FIELDS }) =>
    table(
      ["欄位", "必須是", "預設", "環境變數", "說明"],
      fieldRows(FIELDS).map(({ name, field }) => [
        `\`${name}\``,
        zhTw(field.kind.words),
        field.required ? "（必填）" : field.fallback === undefined ? "" : zhTw(field.fallback),
        variables(field),
        zhTw(field.about),
      ]),
    ),
  commands: ({ commands }) => commands.map(({ name, summary, help }) => commandSection(name, summary, help)).join("\n\n"),
  "commands.zh-TW": ({ commands }) => commands.map(({ name, summary, help }) => commandSection(name, zhTw(summary), help)).join("\n\n"),
  "config-limits": ({ FIELDS }) => limitTable(["limit", "default", "environment"], FIELDS),
  "config-limits.zh-TW": ({ FIELDS }) => limitTable(["限制", "預設", "環境變數"], FIELDS),
}

/** @param {any} openApi @returns {string[][]} */
function routeRows(openApi) {
  return Object.entries(openApi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary }]) => [method.toUpperCase(), `\`${path}\``, summary]),
  )
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

/** @param {string} name @param {string} summary @param {string} help */
function commandSection(name, summary, help) {
  return `### magpie ${name}\n\n${summary}\n\n\`\`\`text\n${help.split("\n").slice(2).join("\n")}\n\`\`\``
}

function variables(/** @type {Field} */ { env = [] }) {
  return env.map((name) => `\`${name}\``).join(", ")
}

/** @param {readonly string[]} head @param {Fields} fields */
function limitTable(head, { limits }) {
  return table(
    head,
    Object.entries(limits?.fields ?? {}).map(([name, field]) => [`\`${name}\``, field.fallback ?? "", variables(field)]),
  )
}

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
function table(head, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")
}

/** A document with each `<!-- generated: name -->` … `<!-- end -->` filled anew. */
export function fill(/** @type {string} */ text, /** @type {Said} */ said) {
  return text.replace(/(<!-- generated: (\S+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, open, name, close) => {
    const part = PARTS[name]
    if (part === undefined) throw new Error(`nothing generates "${name}"`)
    return `${open}\n${part(said)}\n\n${close}`
  })
}

/**
 * One line for each document that does not say what the code says.
 * @param {string} root
 * @returns {Promise<string[]>}
 */
export async function staleDocs(root) {
  return (await outdated(root)).map(({ file }) => `${file} is stale: run \`node scripts/docs.mjs\``)
}

async function outdated(/** @type {string} */ root) {
  const said = await whatTheCodeSays(root)
  const read = (/** @type {string} */ file) => (existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "")
  const files = [
    ...FILES.map((file) => ({ file, filled: fill(read(file), said) })),
    ...Object.entries(WHOLE).map(([file, write]) => ({ file, filled: write(said) })),
  ]
  return files.filter(({ file, filled }) => filled !== read(file))
}

/** @param {string} root @returns {Promise<Said>} */
async function whatTheCodeSays(root) {
  const built = (/** @type {string} */ path) => import(pathToFileURL(join(root, "packages", path)).href)
  const protocol = await built("protocol/dist/index.js")
  const { HTTP_STATUSES } = await built("server/dist/http/statuses.js")
  const { FIELDS } = await built("cli/dist/config/fields.js")
  const commands = await commandsOf(built)
  return { ...protocol, HTTP_STATUSES, FIELDS, commands, openApi: await askForDescription(protocol, built) }
}

/** @param {(path: string) => Promise<any>} built */
async function commandsOf(built) {
  const { COMMANDS } = await built("cli/dist/commands.js")
  const { helpOf } = await built("cli/dist/help.js")
  const { styleFor } = await built("cli/dist/surroundings.js")
  /** @type {Promise<any>[]} */
  const loading = COMMANDS.map(async (/** @type {any} */ { name, summary, load }) => ({
    name,
    summary,
    help: helpOf(await load(), styleFor({}, false)),
  }))
  return Promise.all(loading)
}

/** Asks a server for the description of its HTTP API, as anybody would. */
async function askForDescription(/** @type {any} */ { contract }, /** @type {(path: string) => Promise<any>} */ built) {
  const { createTestBed } = await built("testing/dist/index.js")
  const { anonymous } = await built("server/dist/core.js")
  const bed = await createTestBed(contract({}), { auth: anonymous(), rules: {} })
  const request = { method: "GET", target: "/magpie/api/v1/openapi.json", headers: {}, address: "", readBody: () => Promise.reject() }
  const { body } = await bed.server.api(request)
  await bed.close()
  return JSON.parse(body)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = fileURLToPath(new URL("..", import.meta.url))
  const stale = await outdated(root)
  const checking = process.argv.includes("--check")
  for (const { file, filled } of stale) {
    if (!checking) writeFileSync(join(root, file), filled)
    console.log(checking ? `${file} is stale: run \`node scripts/docs.mjs\`` : `wrote ${file}`)
  }
  if (checking && stale.length > 0) process.exitCode = 1
}
