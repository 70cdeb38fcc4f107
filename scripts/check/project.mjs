import { execFileSync } from "node:child_process"
import { existsSync, readFileSync, statSync } from "node:fs"
import { join } from "node:path"
import { parseSync } from "oxc-parser"

/**
 * @typedef {{ problems: string[], notes: string[] }} Report what fails the check, and what is only worth knowing
 * @typedef {ReturnType<typeof openProject>} Project
 */

/** A checkout seen by the checks: what git tracks or would track, each file read and parsed once. */
export function openProject(/** @type {string} */ root) {
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: root, encoding: "utf8" })
  const files = listed.split("\0").filter((path) => path !== "" && existsSync(join(root, path)) && statSync(join(root, path)).isFile())
  files.sort()

  /** @type {Map<string, string>} */
  const texts = new Map()
  const read = (/** @type {string} */ path) => {
    const text = texts.get(path) ?? readFileSync(join(root, path), "utf8")
    texts.set(path, text)
    return text
  }

  /** @type {Map<string, import("oxc-parser").Program>} */
  const programs = new Map()
  /** The syntax tree (ESTree with TypeScript) of a file. */
  const parse = (/** @type {string} */ path) => {
    let program = programs.get(path)
    if (program === undefined) {
      const result = parseSync(path, read(path))
      const error = result.errors[0]
      if (error !== undefined) throw new Error(`${path}: ${error.message}`)
      program = result.program
      programs.set(path, program)
    }
    return program
  }

  return {
    root,
    files,
    read,
    parse,
    has: (/** @type {string} */ path) => existsSync(join(root, path)),
    json: (/** @type {string} */ path) => JSON.parse(read(path)),
    /** The line, counted from 1, of an index into a file's text. */
    line: (/** @type {string} */ path, /** @type {number} */ index) => read(path).slice(0, index).split("\n").length,
  }
}

export const isCode = (/** @type {string} */ path) => /\.(?:tsx?|mts|mjs|js)$/.test(path) && !path.endsWith(".d.ts")

/** Tests, and fixtures that only tests import; both are left out of the build. */
export const isTest = (/** @type {string} */ path) => /\.(?:test|spec|test-d|fixture)\.tsx?$/.test(path)

/** Whether a path is a folder of the list, or lies in one. `*` stands for one segment. */
export function within(/** @type {string} */ path, /** @type {readonly string[]} */ folders) {
  const segments = path.split("/")
  return folders.some((folder) => folder.split("/").every((part, index) => part === "*" || part === segments[index]))
}
