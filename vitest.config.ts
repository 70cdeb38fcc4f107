import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { defineConfig } from "vitest/config"

const conditions = ["magpie-source"]

const exclude = ["tests/browser/**", "tests/services/**", "**/node_modules/**", "**/dist/**"]

/** Work in memory and on sockets of its own: half the time of such files would go into loading the same modules again. */
const SHARING = ["packages/*/src/**/*.test.ts", "tests/{chaos,codec-suite,memory,sockets}/**/*.test.ts"]

/** What another file in the same process would notice: mocks, the globals of a page, flags of V8; or what notices others: the heap. */
const CHANGES_ITS_PROCESS = /^import .*\bvi\b.* from "vitest"|@vitest-environment|from "node:v8"|memoryUsage\(/m

const changing = ["packages", "tests"]
  .flatMap((room) => readdirSync(join(import.meta.dirname, room), { recursive: true, encoding: "utf8" }).map((path) => `${room}/${path}`))
  .filter((path) => path.endsWith(".test.ts") && !path.includes("node_modules"))
  .filter((path) => CHANGES_ITS_PROCESS.test(readFileSync(join(import.meta.dirname, path), "utf8")))

/** Minutes of work for one processor, so that they must not be what everybody waits for at the end. */
const LONG = [
  "packages/testing/src/simulation/{blindness,kinds,run-plan,transports}.test.ts",
  "packages/testing/src/simulation/isolation/*.test.ts",
]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    testTimeout: 20_000,
    // More files at a time than the two cores that a small machine has: a part of what tests do is to wait.
    maxWorkers: 3,
    // What is young is let go of in larger steps: a tenth less time for the processor.
    execArgv: ["--max-semi-space-size=64"],
    // They run in the order of their names.
    projects: [
      {
        extends: true,
        test: {
          name: "apart",
          include: ["examples/*/src/**/*.test.ts", "tests/*.test.ts", "tests/{fuzz,process}/**/*.test.ts", ...LONG, ...changing],
          exclude,
        },
      },
      {
        extends: true,
        test: {
          name: "together",
          isolate: false,
          include: SHARING,
          exclude: [...exclude, ...LONG, ...changing],
          typecheck: { enabled: true, ignoreSourceErrors: true, include: ["packages/*/src/**/*.test-d.ts"], tsconfig: "tsconfig.json" },
        },
      },
    ],
  },
})
