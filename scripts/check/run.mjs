import { spawnSync } from "node:child_process"
import { join } from "node:path"

/**
 * Runs a tool of node_modules/.bin and gives the lines that it printed when it failed.
 * @param {string} root
 * @param {string} tool
 * @param {readonly string[]} options
 * @returns {string[]}
 */
export function run(root, tool, options) {
  const { status, stdout, stderr, error } = spawnSync(join(root, "node_modules/.bin", tool), options, {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
  })
  if (error !== undefined) return [`${tool} did not start: ${error.message}`]
  if (status === 0) return []
  const lines = `${stdout}${stderr}`.split("\n").filter((line) => line.trim() !== "")
  return lines.length > 0 ? lines : [`${tool} ended with ${status}`]
}
