import type { RawConnection } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { clustersClosedAfterEach, HOSTS, type ServerCluster } from "./server-cluster.ts"

const [OLD, NEW] = [1, 2].map((byte) => new Uint8Array(32).fill(byte)) as [Uint8Array, Uint8Array]

describe("the keys that sessions and tickets are signed with", () => {
  const begin = clustersClosedAfterEach()

  async function greeted(cluster: ServerCluster, host: string, hello: object): Promise<RawConnection> {
    const raw = cluster.raw(host, { token: "ann", ...hello })
    await cluster.env.clock.until(() => raw.of("welcome").length > 0 || raw.closedWith !== undefined)
    return raw
  }

  const tokenOf = (raw: RawConnection): string => String(raw.of("welcome")[0]?.session)
  const sessionOf = (token: string): string | undefined => token.split(".")[0]

  it("[F87] change on running nodes: whoever came before is known, is given a token of the new key, and is known when the old one is gone", async () => {
    let keys: readonly Uint8Array[] = [OLD]
    const cluster = await begin({ sessionKey: () => keys })
    const [a = "", b = ""] = HOSTS
    const before = tokenOf(await greeted(cluster, a, {}))
    const resumed = async (host: string, session: string): Promise<string> => tokenOf(await greeted(cluster, host, { session }))
    expect(await resumed(b, before)).toBe(before)
    keys = [NEW, OLD]
    const after = await resumed(a, before)
    expect(after).not.toBe(before)
    expect(sessionOf(after)).toBe(sessionOf(before))
    keys = [NEW]
    expect(await resumed(b, after)).toBe(after)
    // [F40] A key that is gone signs nobody in any more.
    expect(sessionOf(await resumed(b, before))).not.toBe(sessionOf(before))
    // One that cannot be used changes nothing.
    keys = [new Uint8Array(8)]
    expect(await resumed(a, after)).toBe(after)
    expect(cluster.env.lines.filter(({ event }) => event === "secret-unusable")).toMatchObject([
      { level: "error", fields: { secret: "sessionKey" } },
    ])
  })

  it("[F37] let a ticket of either key in, once among all nodes", async () => {
    let keys: readonly Uint8Array[] = [OLD]
    const cluster = await begin({ sessionKey: () => keys })
    // Until the nodes have agreed on the newest rules.
    await cluster.env.clock.advance(3_000)
    const [a = "", b = ""] = HOSTS
    const issue = (): string => cluster.server(0).tickets.issue({ user: { id: "bob" } })
    const old = [issue(), issue()]
    keys = [NEW, OLD]
    const fresh = issue()
    for (const ticket of [old[0], fresh]) {
      expect((await greeted(cluster, b, { token: undefined, ticket })).of("welcome")).toMatchObject([{ user: "bob" }])
      expect((await greeted(cluster, a, { token: undefined, ticket })).closedWith).toMatchObject({ code: 4502 })
    }
    keys = [NEW]
    expect((await greeted(cluster, a, { token: undefined, ticket: old[1] })).closedWith).toMatchObject({ code: 4502 })
  })
})
