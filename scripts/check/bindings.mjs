import { walk } from "./syntax.mjs"

/** @typedef {import("./syntax.mjs").Node} Node */

const SCOPE = /^(?:Program|BlockStatement|StaticBlock|TSModuleBlock|SwitchStatement|For\w*Statement|.*Function.*|CatchClause)$/

/**
 * The names that a file declares itself, by the node within which they hold.
 * @returns {ReadonlyMap<Node, ReadonlySet<string>>}
 */
export function bindingsOf(/** @type {any} */ program) {
  /** @type {Map<Node, Set<string>>} */
  const bindings = new Map()
  const declare = (/** @type {Node | undefined} */ scope, /** @type {any} */ pattern) => {
    if (scope === undefined) return
    const names = bindings.get(scope) ?? new Set()
    for (const name of namesIn(pattern)) names.add(name)
    bindings.set(scope, names)
  }
  walk(program, (node, parents) => {
    const around = parents.find((parent) => SCOPE.test(parent.type))
    if (Array.isArray(node.params)) for (const param of node.params) declare(node, param)
    if (node.type === "CatchClause") declare(node, node.param)
    if (/^(?:VariableDeclarator|FunctionDeclaration|ClassDeclaration)$/.test(node.type)) declare(around, node.id)
    if (/^Import\w*Specifier$/.test(node.type)) declare(around, node.local)
  })
  return bindings
}

/** The names that a pattern binds. @returns {string[]} */
function namesIn(/** @type {any} */ pattern) {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name]
    case "ObjectPattern":
      return pattern.properties.flatMap((/** @type {any} */ property) => namesIn(property.value ?? property.argument))
    case "ArrayPattern":
      return pattern.elements.flatMap(namesIn)
    case "AssignmentPattern":
      return namesIn(pattern.left)
    case "RestElement":
      return namesIn(pattern.argument)
    case "TSParameterProperty":
      return namesIn(pattern.parameter)
    default:
      return []
  }
}
