// @vitest-environment happy-dom
import { act } from "react"
import { describe, expect, it } from "vitest"
import { mount, pass, startBed } from "./mounting.fixture.ts"
import { useStatus } from "./use-status.ts"

describe("useStatus", () => {
  it("shows where the connection is in its life", async () => {
    const bed = await startBed()
    const client = bed.connect({ lazy: true })
    const shown = await mount(
      () => useStatus(client),
      ({ state }) => state,
    )
    const seen = [shown.text]
    act(() => client.connect())
    await pass(bed, 100)
    seen.push(shown.text)
    act(() => bed.kill())
    await pass(bed, 100)
    seen.push(shown.text)
    expect(seen).toEqual(['"idle"', '"online"', '"reconnecting"'])
  })
})
