import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { type Plan, runPlan } from "@magpie/testing/simulation"
import { expect, test } from "vitest"

/** A plan that broke a promise once, as small as it could be made. */
interface KeptPlan {
  readonly found: string
  /** The invariant, as docs/simulation.md numbers it. */
  readonly broke: string
  readonly why: string
  readonly plan: Plan
}

const FOLDER = fileURLToPath(new URL("./kept-plans/", import.meta.url))
const plans = readdirSync(FOLDER).map(
  (file) => [file.replace(".json", ""), JSON.parse(readFileSync(FOLDER + file, "utf8")) as KeptPlan] as const,
)

test.each(plans)("the plan of seed %s breaks nothing any more", async (_seed, { plan }) => {
  expect((await runPlan(plan)).violation).toBeUndefined()
})
