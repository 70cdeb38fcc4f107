// The simulation as one file, made from the sources, so that it runs without a build and can be given planted defects.
import { readFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { build } from "esbuild"

/** @typedef {import("./defects.mjs").Defect} Defect */

/**
 * @param {string} root
 * @param {Defect} [defect] planted in the sources while they are read; nothing on the disk changes
 * @returns {Promise<string>} the path of the file
 */
export async function bundleSimulation(root, defect) {
  const outfile = join(tmpdir(), `magpie-sim-${process.pid}`, `${defect?.name ?? "sound"}.mjs`)
  await build({
    entryPoints: [join(root, "packages/testing/src/simulation/index.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    conditions: ["magpie-source"],
    sourcemap: "inline",
    logLevel: "warning",
    plugins: defect === undefined ? [] : [planting(root, defect)],
  })
  return outfile
}

/** @returns {import("esbuild").Plugin} */
function planting(/** @type {string} */ root, /** @type {Defect} */ defect) {
  return {
    name: "planted-defect",
    setup({ onLoad }) {
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        if (relative(root, path) !== defect.file) return undefined
        return { contents: plant(defect, await readFile(path, "utf8")), loader: "ts" }
      })
    },
  }
}

/** The source with the defect in it. Fails where the source has changed so that the defect no longer fits. */
export function plant(/** @type {Defect} */ { name, file, find, replace }, /** @type {string} */ source) {
  const parts = source.split(find)
  if (parts.length !== 2) throw new Error(`the planted defect "${name}" fits ${parts.length - 1} times into ${file}, not once`)
  return parts.join(replace)
}
