import { posix } from "node:path"
import { readPicture } from "./picture.mjs"
import { isCode, isTest, within } from "./project.mjs"
import { importsOf } from "./syntax.mjs"

const SCOPE = "@magpie/"

/**
 * Who imports whom, held to the picture in ARCHITECTURE.md: no arrow that is not drawn, no way into another package but
 * its `exports`, nothing that the own package.json does not declare.
 * @param {import("./project.mjs").Project} project
 * @returns {import("./project.mjs").Report}
 */
export function arrows(project) {
  const picture = readPicture(project)
  const problems = [...circles(picture.arrows), ...toolsImported(picture)]
  for (const path of project.files) {
    const room = roomOf(path)
    if (room === undefined || !isCode(path) || isTest(path) || !within(path, ["packages/*/src", "apps", "examples"])) continue
    const row = [...picture.arrows].find(([name]) => within(room, [name]))
    if (row === undefined) {
      problems.push(`${path}: the room ${room} is not in the picture`)
      continue
    }
    for (const { specifier, start } of importsOf(project.parse(path))) {
      const problem = judge(project, { path, room, allowed: row[1], specifier })
      if (problem !== undefined) problems.push(`${path}:${project.line(path, start)}: ${problem}`)
    }
  }
  return { problems, notes: [] }
}

/** `packages/server` of `packages/server/src/node/x.ts`. */
function roomOf(/** @type {string} */ path) {
  return /^(?:packages|apps|examples)\/[^/]+/.exec(path)?.[0]
}

/**
 * @param {import("./project.mjs").Project} project
 * @param {{ path: string, room: string, allowed: readonly string[], specifier: string }} found
 * @returns {string | undefined}
 */
function judge(project, { path, room, allowed, specifier }) {
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(path), specifier)
    return target.startsWith(`${room}/`) ? undefined : `"${specifier}" leaves ${room}: import the package by its name`
  }
  if (specifier.startsWith("node:")) return undefined
  const manifest = project.json(`${room}/package.json`)
  if (specifier.startsWith("#")) return manifest.imports?.[specifier] ? undefined : `"${specifier}" is not in ${room}/package.json imports`
  const [first = "", second = ""] = specifier.split("/")
  const name = first.startsWith("@") ? `${first}/${second}` : first
  if (name === manifest.name) return `"${specifier}" is this package itself: import by a relative path`
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies, ...(manifest.private ? manifest.devDependencies : {}) }
  if (!(name in declared)) return `"${name}" is not declared in ${room}/package.json`
  if (!name.startsWith(SCOPE)) return undefined
  const target = allowed.find((each) => each === `apps/${name.slice(SCOPE.length)}`) ?? `packages/${name.slice(SCOPE.length)}`
  if (!allowed.includes(target)) return `${room} -> ${target} is no arrow of the picture`
  const entry = `.${specifier.slice(name.length)}`
  const { exports } = project.json(`${target}/package.json`)
  return exports?.[entry] ? undefined : `${target}/package.json does not export "${entry}"`
}

function toolsImported(/** @type {import("./picture.mjs").Picture} */ picture) {
  return [...picture.arrows].flatMap(([room, targets]) =>
    targets
      .filter((target) => picture.tools.includes(target))
      .map((target) => `ARCHITECTURE.md: ${room} -> ${target}, but nothing shipped imports it`),
  )
}

/** Circles in the picture itself. */
function circles(/** @type {ReadonlyMap<string, readonly string[]>} */ picture) {
  /** @type {string[]} */
  const problems = []
  /** @param {string} room @param {readonly string[]} trail */
  const follow = (room, trail) => {
    if (trail.includes(room)) {
      if (trail[0] === room) problems.push(`ARCHITECTURE.md: the arrows run in a circle: ${[...trail, room].join(" -> ")}`)
      return
    }
    for (const target of picture.get(room) ?? []) follow(target, [...trail, room])
  }
  for (const room of picture.keys()) follow(room, [])
  return problems
}
