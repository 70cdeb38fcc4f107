import { run } from "./run.mjs"

/**
 * Exports, files and dependencies that nobody uses, by knip. Information for now: rooms are still being furnished.
 * @param {import("./project.mjs").Project} project
 * @returns {import("./project.mjs").Report}
 */
export function unused(project) {
  return { problems: [], notes: run(project.root, "knip", ["--no-progress", "--no-config-hints"]) }
}
