import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { build } from "esbuild"
import { figure } from "../harness/figures.mjs"

/**
 * What a page loads for the client, minified and gzipped.
 * @type {import("../benchmarks.mjs").Benchmark}
 */
export const clientSize = {
  name: "size/client-core",
  async run() {
    const magpie = await bundle('export { connect } from "@magpie/client"')
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
