/**
 * @typedef {{ type: string, start: number, end: number, [field: string]: any }} Node
 * @typedef {{ specifier: string, typeOnly: boolean, start: number }} Import
 */

/**
 * Calls `visit` for each node, parents first, with the chain of its parents, nearest first.
 * @param {any} root
 * @param {(node: Node, parents: readonly Node[], key: string) => void} visit
 */
export function walk(root, visit) {
  /** @param {Node} node @param {readonly Node[]} parents @param {string} key */
  const step = (node, parents, key) => {
    visit(node, parents, key)
    const chain = [node, ...parents]
    for (const [name, value] of Object.entries(node)) {
      if (Array.isArray(value)) {
        for (const item of value) if (isNode(item)) step(item, chain, name)
      } else if (isNode(value)) step(value, chain, name)
    }
  }
  step(root, [], "")
}

function isNode(/** @type {any} */ value) {
  return typeof value === "object" && value !== null && typeof value.type === "string"
}

/**
 * Everything that a file imports or re-exports, by a literal name. With `verbatimModuleSyntax`, only `import type` and
 * `export type` disappear at run time; `import { type A }` still loads the module.
 * @returns {Import[]}
 */
export function importsOf(/** @type {any} */ program) {
  /** @type {Import[]} */
  const found = []
  walk(program, (node) => {
    const literal = node.source
    if (literal?.type !== "Literal" || typeof literal.value !== "string") return
    const typeOnly = node.importKind === "type" || node.exportKind === "type" || node.type === "TSImportType"
    found.push({ specifier: literal.value, typeOnly, start: node.start })
  })
  return found
}
