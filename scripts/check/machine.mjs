import { homedir } from "node:os"
import { dirname } from "node:path"

/** Folders that many machines have; a path in one of them says nothing about this one. */
const COMMON = new Set(["/", "/tmp", "/var/tmp", "/home", "/opt", "/srv", "/usr/src"])

/**
 * Nothing tracked knows the machine that it was written on, or the registry that its packages came from.
 * @param {import("./project.mjs").Project} project
 * @returns {import("./project.mjs").Report}
 */
export function machine(project) {
  const root = project.root.replace(/\/$/, "")
  const folders = [root, dirname(root), homedir()].filter((folder) => !COMMON.has(folder))
  const rules = [
    ...folders.map((folder) => ({ what: "a path of this machine", pattern: new RegExp(`(?<![\\w.-])${literally(folder)}/`) })),
    { what: "a path of somebody's machine", pattern: /(?<![\w.-])\/(?:home|Users)\/[a-z][\w.-]*\// },
    { what: "a download address in the lockfile", pattern: /"resolved": *"http/, files: /lock/ },
    { what: "the address of a registry", pattern: /https?:\/\/[^\s"'`]*\bregistry\./ },
  ]
  /** @type {string[]} */
  const problems = []
  for (const path of project.files) {
    const text = project.read(path)
    if (text.includes("\0")) continue // not text
    for (const { what, pattern, files } of rules) {
      if (files !== undefined && !files.test(path)) continue
      const index = text.search(pattern)
      if (index >= 0) problems.push(`${path}:${project.line(path, index)}: ${what}`)
    }
  }
  return { problems, notes: [] }
}

function literally(/** @type {string} */ text) {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")
}
