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
  },
})
