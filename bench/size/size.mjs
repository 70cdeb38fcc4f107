import { readFile } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { figure } from "../harness/figures.mjs"

const CORE = 'export { connect } from "@magpie/client"'

/**
 * What a page loads for the client, minified and gzipped.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const clientSize = {
  name: "size/client-core",
  async run() {
    const magpie = await bundle(CORE)
    const peer = await bundle('export { io } from "socket.io-client"')
    const against = { peer: "socket.io-client" }
    return [
      figure({
        name: "size/client-core",
        unit: "bytes, gzip -9",
        values: [magpie.gzipped],
        ...against,
        peerValues: [peer.gzipped],
        owed: { of: "value", atMost: 12 * 1_024 },
      }),
      figure({ name: "size/client-core/minified", unit: "bytes", values: [magpie.minified], ...against, peerValues: [peer.minified] }),
    ]
  },
}

const PERSISTENT = 'export { persistent } from "@magpie/client/persistent"'

/**
 * What an outbox that outlives the page adds to that.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const persistentSize = {
  name: "size/persistent",
  async run() {
    const core = await bundle(CORE)
    const both = await bundle(`${CORE}\n${PERSISTENT}`)
    const added = { gzipped: both.gzipped - core.gzipped, minified: both.minified - core.minified }
    return [
      figure({ name: "size/persistent", unit: "bytes, gzip -9", values: [added.gzipped], owed: { of: "value", atMost: 4 * 1_024 } }),
      figure({ name: "size/persistent/minified", unit: "bytes", values: [added.minified] }),
    ]
  },
}

const WIDGET = new URL("../../apps/support/dist/widget.js", import.meta.url)

/**
 * What a page loads for the support chat, the client and its outbox in it: the script as it is built.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const supportWidgetSize = {
  name: "size/support-widget",
  async run() {
    const code = await readFile(WIDGET)
    const gzipped = gzipSync(code, { level: 9 }).length
    return [
      figure({ name: "size/support-widget", unit: "bytes, gzip -9", values: [gzipped], owed: { of: "value", atMost: 30 * 1_024 } }),
      figure({ name: "size/support-widget/minified", unit: "bytes", values: [code.length] }),
    ]
  },
}

async function bundle(/** @type {string} */ contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL("..", import.meta.url)) },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "none",
  })
  const [code] = outputFiles
  if (code === undefined) throw new Error("nothing came out of the bundler")
  return { minified: code.contents.length, gzipped: gzipSync(code.contents, { level: 9 }).length }
}
