// Several servers that are measured as one.
import { SERVER_CORE, startChild } from "../harness/child.mjs"

/**
 * Starts a node for each list of arguments.
 * @param {string} module @param {readonly (readonly string[])[]} nodes
 */
export async function startGroup(module, nodes) {
  /** @type {import("../harness/child.mjs").Child[]} */
  const children = []
  for (const args of nodes) children.push(await startChild(module, { core: SERVER_CORE, args }))
  return {
    /** Where each listens. */
    ports: /** @type {number[]} */ (await Promise.all(children.map((child) => child.ask("listen")))),
    /** Only their usage can be asked, of all together. */
    async ask(/** @type {string} */ name) {
      const all = await Promise.all(children.map((child) => child.ask(name)))
      return { cpuSeconds: all.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0) }
    },
    async stop() {
      for (const child of children) await child.stop()
    },
  }
}
