import { isCode, isTest, within } from "./project.mjs"
import { walk } from "./syntax.mjs"
import { testCalls } from "./test-calls.mjs"

const FOCUS = new Set(["only", "skip", "todo"])
const WAITS = new Set(["setTimeout", "setInterval", "sleep", "delay"])

/**
 * No test is skipped or runs alone, and none under packages/ waits for the clock: it waits for a fact.
 * @param {import("./project.mjs").Project} project
 * @returns {import("./project.mjs").Report}
 */
export function tests(project) {
  /** @type {string[]} */
  const problems = []
  for (const path of project.files) {
    if (!isCode(path) || !isTest(path)) continue
    const program = project.parse(path)
    const at = (/** @type {number} */ start) => `${path}:${project.line(path, start)}`
    for (const { modifiers, start } of testCalls(program)) {
      const found = modifiers.find((modifier) => FOCUS.has(modifier))
      if (found !== undefined) problems.push(`${at(start)}: a test with .${found}`)
    }
    if (!within(path, ["packages"])) continue
    walk(program, (node) => {
      if (node.type === "CallExpression" && isWait(node.callee)) problems.push(`${at(node.start)}: a real wait; wait for a fact instead`)
    })
  }
  return { problems, notes: [] }
}

/** `setTimeout(…)`, `globalThis.setTimeout(…)`, a bare `sleep(…)`; not `clock.sleep(…)`, which a test's own clock has. */
function isWait(/** @type {import("./syntax.mjs").Node} */ callee) {
  if (callee.type === "Identifier") return WAITS.has(callee.name)
  return callee.type === "MemberExpression" && callee.object.name === "globalThis" && WAITS.has(callee.property.name)
}
