import { describe, expect, it } from "vitest"
import { countByKind, describePlan, planFaults } from "./fault-plan.ts"

const options = { seed: "7", clients: 40, ms: 12_000 }

describe("a fault plan", () => {
  it("is the same for the same seed and another for another", () => {
    expect(planFaults(options)).toEqual(planFaults(options))
    expect(planFaults({ ...options, seed: "8" })).not.toEqual(planFaults(options))
  })

  it("has ten resets a second and every other kind, in order, within the run, on clients that exist", () => {
    const plan = planFaults(options)
    expect(countByKind(plan)).toEqual({ reset: 120, stall: 24, "single-bytes": 24, "black-hole": 6, kill: 2, pause: 2 })
    expect(plan.map(({ atMs }) => atMs)).toEqual(plan.map(({ atMs }) => atMs).sort((a, b) => a - b))
    for (const fault of plan) {
      expect(fault.atMs).toBeLessThan(options.ms)
      if ("client" in fault) expect(fault.client).toBeLessThan(options.clients)
    }
    expect(new Set(plan.map((fault) => ("client" in fault ? fault.client : -1))).size).toBeGreaterThan(30)
  })

  it("kills and stops the server also in a short run", () => {
    expect(countByKind(planFaults({ ...options, ms: 500 }))).toMatchObject({ kill: 1, pause: 1 })
  })

  it("can be read", () => {
    const text = describePlan([
      { kind: "reset", atMs: 20, client: 3 },
      { kind: "single-bytes", atMs: 900, client: 4, bytes: 500 },
      { kind: "kill", atMs: 2_100, forMs: 300 },
    ])
    expect(text).toBe("   0 s  reset 3 · single-bytes 4 (500 bytes)\n   2 s  kill server (300 ms)")
  })
})
