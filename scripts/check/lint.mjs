import { run } from "./run.mjs"

/**
 * Biome's format and rules; writes nothing. `node_modules/.bin/biome check --write` mends what can be mended.
 * @param {import("./project.mjs").Project} project
 * @returns {import("./project.mjs").Report}
 */
export function lint(project) {
  return { problems: run(project.root, "biome", ["check", "--error-on-warnings", "--reporter=github"]), notes: [] }
}
