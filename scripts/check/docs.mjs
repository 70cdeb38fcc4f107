import { staleDocs } from "../docs.mjs"

/**
 * The generated parts of docs/ say what the code says.
 * @param {import("./project.mjs").Project} project
 * @returns {Promise<import("./project.mjs").Report>}
 */
export async function docs(project) {
  return { problems: await staleDocs(project.root), notes: [] }
}
