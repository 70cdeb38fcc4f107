// The parts of docs/ that the code already says. `node scripts/docs.mjs` writes them, `--check` fails where they are stale.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const FILES = ["docs/protocol.md"]

/** @typedef {typeof import("../packages/protocol/src/index.ts")} Protocol */

/** @type {Readonly<Record<string, (protocol: Protocol) => string>>} */
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
}

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
function table(head, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")
}

/** A document with each `<!-- generated: name -->` … `<!-- end -->` filled anew. */
export function fill(/** @type {string} */ text, /** @type {Protocol} */ protocol) {
  return text.replace(/(<!-- generated: (\S+) -->\n)[\s\S]*?(<!-- end -->)/g, (_, open, name, close) => {
    const part = PARTS[name]
    if (part === undefined) throw new Error(`nothing generates "${name}"`)
    return `${open}\n${part(protocol)}\n\n${close}`
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
  /** @type {Protocol} */
  const protocol = await import(pathToFileURL(join(root, "packages/protocol/dist/index.js")).href)
  return FILES.flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8")
    const filled = fill(text, protocol)
    return filled === text ? [] : [{ file, filled }]
  })
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
