import { DEFAULT_LIMITS } from "@magpie/protocol"
import { expect, it } from "vitest"
import type { Exchange } from "./exchange.ts"
import { targetOf } from "./requests.ts"

const LINK = "0123456789abcdef"

function target(query: string) {
  const exchange = { target: `/magpie/sse?${query}`, headers: {} } as Pick<Exchange, "target" | "headers"> as Exchange
  return targetOf(exchange, "/magpie", DEFAULT_LIMITS)
}

it("[F46] [G11] a URL with more parameters than channels and a few others is refused before it is taken apart", () => {
  const others = (count: number): string => Array.from({ length: count }, (_, index) => `p${index}=1`).join("&")
  const channels = Array.from({ length: DEFAULT_LIMITS.readChannels }, (_, index) => `channel=c${index}`).join("&")
  expect(target(`${channels}&${others(64)}`).channels).toHaveLength(DEFAULT_LIMITS.readChannels)
  expect(target(`link=${LINK}&${others(60)}`).link).toBe(LINK)
  for (const query of [`${channels}&${others(65)}`, "&".repeat(10_000)])
    expect(() => target(query)).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST", details: { field: "query", limit: "readChannels" } }),
    )
})
