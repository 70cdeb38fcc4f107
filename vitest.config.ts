import { defineConfig } from "vitest/config"

const conditions = ["magpie-source"]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ["packages/*/src/**/*.test.ts", "examples/*/src/**/*.test.ts", "tests/**/*.test.ts"],
    exclude: ["tests/browser/**", "tests/services/**", "**/node_modules/**", "**/dist/**"],
    typecheck: { enabled: true, ignoreSourceErrors: true, include: ["packages/*/src/**/*.test-d.ts"], tsconfig: "tsconfig.json" },
    testTimeout: 20_000,
    // Two files at a time also where there are only two cores: half of what tests do is to wait.
    maxWorkers: 2,
  },
})
