import { describe, expect, it } from "vitest"
import { z } from "zod"
import { contract } from "./contract.ts"
import { table } from "./table-kind.ts"

const declare = (options: object) => contract({ quotes: table({ key: z.string(), value: z.number(), ...options }) })

describe("a table's contract", () => {
  it("[G11] takes only rates and times that can be kept", () => {
    for (const options of [{}, { maxRate: 1 / 60 }, { maxRate: 1_000 }, { expiresAfterMs: 1 }, { expiresAfterMs: 2 ** 51 }])
      expect(() => declare(options)).not.toThrow()
    for (const options of [{ maxRate: 0 }, { maxRate: 1 / 61 }, { maxRate: Number.POSITIVE_INFINITY }])
      expect(() => declare(options)).toThrow("maxRate")
    for (const options of [{ expiresAfterMs: 0 }, { expiresAfterMs: 1.5 }, { expiresAfterMs: 2 ** 51 + 1 }])
      expect(() => declare(options)).toThrow("expiresAfterMs")
    expect(() => declare({ durability: "disk" })).not.toThrow()
    expect(() => declare({ durability: "tape" })).toThrow("durability")
  })
})
