import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

// Relative to this file, because it is copied together with the sources: node_modules leads back to those that are not mutated.
const inPackages = (/** @type {string} */ path) => fileURLToPath(new URL(`../../packages/${path}`, import.meta.url))
const conditions = ["magpie-source"]

export default defineConfig({
  root: fileURLToPath(new URL("../..", import.meta.url)),
  resolve: {
    conditions,
    alias: [
      { find: "@magpie/journal/lmdb", replacement: inPackages("journal/src/lmdb/index.ts") },
      { find: "@magpie/server/core", replacement: inPackages("server/src/core.ts") },
      { find: /^@magpie\/(\w+)$/, replacement: inPackages("$1/src/index.ts") },
    ],
  },
  ssr: { resolve: { conditions } },
  test: {
    include: JSON.parse(process.env.MUTATION_TESTS ?? "[]"),
    exclude: ["**/node_modules/**"],
    testTimeout: 60_000,
  },
})
