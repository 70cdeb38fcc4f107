import { isCode, isTest, within } from "./project.mjs"
import { walk } from "./syntax.mjs"

const MAX_FILE_LINES = 300
const NOTED_FUNCTION_LINES = 50

/**
 * Files that are longer for a reason. An entry that is no longer needed fails the check.
 * @type {Readonly<Record<string, string>>}
 */
const LONGER = {}

/**
 * Source files stay under 300 lines; functions over 50 are worth a look.
 * @param {import("./project.mjs").Project} project
 * @param {Readonly<Record<string, string>>} longer
 * @returns {import("./project.mjs").Report}
 */
export function size(project, longer = LONGER) {
  const sources = project.files.filter((path) => isCode(path) && !isTest(path) && within(path, ["packages", "apps", "examples", "scripts"]))
  const lengths = new Map(sources.map((path) => [path, project.read(path).trimEnd().split("\n").length]))
  const tooLong = [...lengths].filter(([path, lines]) => lines > MAX_FILE_LINES && longer[path] === undefined)
  const stale = Object.keys(longer).filter((path) => (lengths.get(path) ?? 0) <= MAX_FILE_LINES)
  return {
    problems: [
      ...tooLong.map(([path, lines]) => `${path} has ${lines} lines: split it, or give the reason in scripts/check/size.mjs`),
      ...stale.map((path) => `${path} is no longer over ${MAX_FILE_LINES} lines: take it off the list in scripts/check/size.mjs`),
    ],
    notes: sources.flatMap((path) => longFunctions(project, path)),
  }
}

/** @param {import("./project.mjs").Project} project @param {string} path */
function longFunctions(project, path) {
  /** @type {string[]} */
  const notes = []
  walk(project.parse(path), (node, parents) => {
    if (!/^(?:ArrowFunctionExpression|FunctionExpression|FunctionDeclaration)$/.test(node.type)) return
    const first = project.line(path, node.start)
    const lines = project.line(path, node.end) - first + 1
    if (lines <= NOTED_FUNCTION_LINES) return
    const name = node.id?.name ?? parents[0]?.id?.name ?? parents[0]?.key?.name ?? "a function"
    notes.push(`${path}:${first}: ${name} has ${lines} lines`)
  })
  return notes
}
