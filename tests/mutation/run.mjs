// Mutates one room; writes what became of every mutant to standard output as JSON. Run by scripts/mutation.mjs.
import { fileURLToPath } from "node:url"
import { Stryker } from "@stryker-mutator/core"
import { ROOMS } from "./rooms.mjs"

const [name = ""] = process.argv.slice(2)
const room = ROOMS[name]
if (room === undefined) throw new RangeError(`no such room: ${name}`)

const here = (/** @type {string} */ file) => fileURLToPath(new URL(file, import.meta.url))
/** Fewer runs of a model say as much about most mutants. */
process.env.MODEL_RUNS = "60"
process.env.MUTATION_TESTS = JSON.stringify(room.tests)

const stryker = new Stryker({
  mutate: [...room.mutate, "!**/*.test.ts", "!**/*.fixture.ts"],
  testRunner: "vitest",
  vitest: { configFile: "tests/mutation/vitest.config.mjs", related: false },
  plugins: [here("node_modules/@stryker-mutator/vitest-runner/dist/src/index.js"), here("prose.mjs")],
  ignorers: ["prose"],
  ignorePatterns: ["apps", "bench", "docs", "examples", "**/dist", "tests/mutation/node_modules"],
  reporters: process.env.MUTATION_PROGRESS === undefined ? [] : ["progress-append-only"],
  tempDirName: "node_modules/.cache/magpie-mutation",
  // There is none to be rewritten: the sources are run as they are.
  tsconfigFile: "no-tsconfig.json",
  timeoutMS: 10_000,
  concurrency: 2,
  allowConsoleColors: false,
  fileLogLevel: "off",
  logLevel: "warn",
  thresholds: { high: 90, low: 80, break: null },
})

const mutants = await stryker.runMutationTest()
const said = mutants.map(({ fileName, location, mutatorName, replacement, status }) => ({
  file: fileName,
  line: location.start.line,
  column: location.start.column,
  mutatorName,
  replacement,
  status,
}))
process.stdout.write(`\n${JSON.stringify(said)}\n`)
