import { defineConfig } from "vitest/config"

const conditions = ["magpie-source"]

/** Tests that need real brokers: one file at a time, because each starts one. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ["tests/services/**/*.test.ts"], testTimeout: 300_000, hookTimeout: 300_000, fileParallelism: false },
})
