import { posix } from "node:path"
import { isCode, isTest } from "./project.mjs"
import { importsOf } from "./syntax.mjs"

/**
 * No file imports itself by way of others. Imports of types alone do not count: they are gone at run time.
 * @param {import("./project.mjs").Project} project
 * @returns {import("./project.mjs").Report}
 */
export function cycles(project) {
  const sources = project.files.filter((path) => isCode(path) && !isTest(path) && !path.startsWith("scripts/"))
  const known = new Set(sources)
  const edges = new Map(
    sources.map((path) => [
      path,
      importsOf(project.parse(path))
        .filter(({ typeOnly, specifier }) => !typeOnly && specifier.startsWith("."))
        .map(({ specifier }) => posix.join(posix.dirname(path), specifier))
        .filter((target) => known.has(target)),
    ]),
  )

  /** @type {string[]} */
  const problems = []
  /** @type {Set<string>} */
  const done = new Set()
  /** @param {string} path @param {readonly string[]} trail */
  const follow = (path, trail) => {
    if (trail.includes(path))
      problems.push(`files import each other in a circle: ${[...trail.slice(trail.indexOf(path)), path].join(" -> ")}`)
    if (trail.includes(path) || done.has(path)) return
    for (const target of edges.get(path) ?? []) follow(target, [...trail, path])
    done.add(path)
  }
  for (const path of sources) follow(path, [])
  return { problems, notes: [] }
}
