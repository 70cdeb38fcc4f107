import { bindingsOf } from "./bindings.mjs"
import { readPicture } from "./picture.mjs"
import { isCode, isTest, within } from "./project.mjs"
import { importsOf, walk } from "./syntax.mjs"

const WORLD = new Set([
  "Date",
  "performance",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
  "queueMicrotask",
  "process",
  "console",
  "WebSocket",
  "fetch",
  "crypto",
  "globalThis",
  "window",
  "require",
])

/**
 * Time, randomness, network, disk and process reach deciding code through Env alone. Outside the shells, none of their
 * names may stand in a source file, as a value or as a type. A parameter or variable of that name is not the world.
 * @param {import("./project.mjs").Project} project
 * @returns {import("./project.mjs").Report}
 */
export function globals(project) {
  const { shells } = readPicture(project)
  /** @type {string[]} */
  const problems = []
  for (const path of project.files) {
    if (!isCode(path) || isTest(path) || !within(path, ["packages/*/src"]) || within(path, shells)) continue
    const program = project.parse(path)
    const refuse = (/** @type {number} */ start, /** @type {string} */ what) =>
      problems.push(`${path}:${project.line(path, start)}: ${what} belongs to the shells; take it from Env`)
    for (const { specifier, start } of importsOf(program)) if (specifier.startsWith("node:")) refuse(start, specifier)
    const bindings = bindingsOf(program)
    walk(program, (node, parents, key) => {
      if (node.type !== "Identifier" || isPropertyName(parents[0], key)) return
      if (parents.some((parent) => bindings.get(parent)?.has(node.name))) return
      if (WORLD.has(node.name)) refuse(node.start, node.name)
      else if (node.name === "Math" && !isHarmlessMath(parents[0])) refuse(node.start, "Math.random")
    })
  }
  return { problems, notes: [] }
}

/** Names after a dot, keys of objects, classes and interfaces: not references to anything outside. */
function isPropertyName(/** @type {import("./syntax.mjs").Node | undefined} */ parent, /** @type {string} */ key) {
  if (parent === undefined || parent.computed) return false
  if (key === "property") return parent.type === "MemberExpression"
  if (key === "key" || key === "imported") return true
  if (key === "exported") return parent.local?.name !== parent.exported?.name
  if (key === "right" && parent.type === "TSQualifiedName") return true
  // The names of parameters in a function's type, labels, and names that only exist as types of our own.
  return key === "label" || (key === "id" && /^TS(?:Interface|TypeAlias)Declaration$/.test(parent.type))
}

function isHarmlessMath(/** @type {import("./syntax.mjs").Node | undefined} */ parent) {
  return parent?.type === "MemberExpression" && !parent.computed && parent.property.name !== "random"
}
