import { defineConfig } from "vitest/config"

const conditions = ["magpie-source"]

/** Tests that need real brokers: one file at a time, because each starts one. */
export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: { include: ["tests/services/**/*.test.ts"], testTimeout: 120_000, hookTimeout: 180_000, fileParallelism: false },
})
