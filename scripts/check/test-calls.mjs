import { walk } from "./syntax.mjs"

const BLOCKS = new Set(["it", "test", "describe", "suite", "bench"])

/**
 * @typedef {object} TestCall a call of `it`, `test` or `describe`, however it is dressed: `it.each([…])("name", …)`
 * @property {readonly string[]} modifiers what stands after the dots
 * @property {string | undefined} name the title, where it is written out
 * @property {number} start
 */

/** @returns {TestCall[]} */
export function testCalls(/** @type {any} */ program) {
  /** @type {TestCall[]} */
  const calls = []
  walk(program, (node, _parents, key) => {
    if (node.type !== "CallExpression" || key === "callee") return
    const { root, modifiers } = unwrap(node.callee)
    if (root === undefined || !BLOCKS.has(root.replace(/^x(?=it|test|describe)/, ""))) return
    const [title] = node.arguments
    const name = title?.type === "Literal" ? String(title.value) : title?.type === "TemplateLiteral" ? textOf(title) : undefined
    calls.push({ modifiers: root.startsWith("x") ? ["skip", ...modifiers] : modifiers, name, start: node.start })
  })
  return calls
}

/** The name at the root of a callee and the properties on the way to it. */
function unwrap(/** @type {any} */ callee) {
  /** @type {string[]} */
  const modifiers = []
  let node = callee
  while (node.type !== "Identifier") {
    if (node.type === "MemberExpression") {
      modifiers.unshift(node.property.name ?? String(node.property.value))
      node = node.object
    } else if (node.type === "CallExpression") node = node.callee
    else if (node.type === "TaggedTemplateExpression") node = node.tag
    else return { root: undefined, modifiers }
  }
  return { root: node.name, modifiers }
}

function textOf(/** @type {any} */ template) {
  return template.quasis.map((/** @type {any} */ quasi) => quasi.value.cooked).join("…")
}
