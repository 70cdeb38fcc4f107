import { describe, expect, it } from "vitest"
import { openWebSocket, until } from "./raw-client.ts"
import { closedAfterEach } from "./test-server.ts"

const { start } = closedAfterEach()

/** Keeps the event loop from everything else for so long. */
function block(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}

async function blockUntil(fact: () => boolean): Promise<void> {
  while (!fact()) {
    block(60)
    await new Promise<void>((resolve) => setImmediate(resolve))
  }
}

describe("a server whose event loop lags", () => {
  it("[F80] notices by itself, sheds broadcasts and newcomers, and stops shedding when the lag is over", async () => {
    const { server, port } = await start({
      limits: { closeMs: 100, shedBroadcastsLagMs: 20, shedConnectionsLagMs: 25, shedHistoryLagMs: 3_600_000 },
    })
    const known = await openWebSocket(port)
    await blockUntil(() => server.counters["shedding{connections}"] === 1)
    expect(server.ready).toBe(false)
    const late = await openWebSocket(port)
    await until(() => late.closeCode !== undefined)
    expect(late.closeCode).toBe(1013)
    expect(known.closed).toBe(false)
    await until(() => server.ready)
    const again = await openWebSocket(port)
    expect([again.status, again.closeCode]).toEqual([101, undefined])
  }, 60_000)
})
