import { defineConfig } from "vitest/config"

const conditions = ["magpie-source"]

/** Tests that need Chromium: one file at a time, because each starts servers and a browser. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ["tests/browser/**/*.test.ts"], testTimeout: 90_000, hookTimeout: 60_000, fileParallelism: false },
})
