import { run } from "./run.mjs"

/**
 * The build, then every file with the tests. The build comes first: what is checked later reads it.
 * @param {import("./project.mjs").Project} project
 * @returns {import("./project.mjs").Report}
 */
export function types(project) {
  const problems = [
    ...run(project.root, "tsc", ["-b", "tsconfig.build.json"]),
    ...run(project.root, "tsc", ["--noEmit", "-p", "tsconfig.json"]),
  ]
  return { problems: [...new Set(problems)], notes: [] }
}
