import type { DurableLog, RevokeRequest } from "@magpie/journal"
import { type fakeClock, fakeCrypto, fakeEnv } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createTimingWheel } from "../flow/timing-wheel.ts"
import { checkOptions } from "../options.ts"
import { createRegistry } from "../session/registry.ts"
import { createAccess, type RevokeOptions } from "./access.ts"
import type { Credentials, Identity, User } from "./identity.ts"

const NOBODY: Credentials = { token: undefined, key: undefined, address: "192.0.2.1", origin: undefined }
const DAY_MS = 86_400_000

function setUp() {
  const env = fakeEnv()
  const asked: { credentials: Credentials; clock: unknown; log: unknown }[] = []
  const revoked: RevokeRequest[] = []
  const spent = new Set<string>()
  const control = {
    fresh: true,
    spendScope: "scope",
    isRevoked: () => false,
    onChange: () => () => {},
    revoke: async (request: RevokeRequest) => void revoked.push(request),
    spend: async (name: string) => !spent.has(name) && spent.add(name).size > 0,
  }
  const options = checkOptions({
    auth: {
      authenticate(credentials, clock, log): Identity {
        asked.push({ credentials, clock, log })
        return { user: { id: "by-auth" } }
      },
    },
  })
  const access = createAccess<User>({
    options,
    env: { ...env, crypto: fakeCrypto },
    // All that access looks at.
    log: { control } as unknown as DurableLog,
    registry: createRegistry(),
    wheel: createTimingWheel(env.clock),
    keys: () => [new Uint8Array(32)],
  })
  const authenticate = (credentials: Partial<Credentials>) => access.auth.authenticate({ ...NOBODY, ...credentials }, env.clock, env.log)
  return { access, asked, authenticate, env, revoked }
}

describe("the server's authenticator", () => {
  it("takes tickets itself, by their own name or where a token stands, and leaves everything else to the one of the options", async () => {
    const { access, asked, authenticate, env } = setUp()
    const issue = () => access.tickets.issue({ user: { id: "ann" } })
    expect(await authenticate({ ticket: issue() })).toMatchObject({ user: { id: "ann" } })
    expect(await authenticate({ token: issue() })).toMatchObject({ user: { id: "ann" } })
    expect(await authenticate({ ticket: issue(), token: "a token" })).toMatchObject({ user: { id: "ann" } })
    expect(asked).toEqual([])
    expect(await authenticate({ ticket: "no ticket", token: "a token" })).toBeUndefined()
    expect(await authenticate({ token: "magpie-ticket.made.up" })).toBeUndefined()
    expect(asked).toEqual([])
    for (const credentials of [{ token: "a token" }, { key: issue() }, {}]) {
      expect(await authenticate(credentials)).toEqual({ user: { id: "by-auth" } })
    }
    expect(asked.map(({ credentials }) => credentials)).toMatchObject([{ token: "a token" }, { token: undefined }, { token: undefined }])
    expect(asked[0]).toMatchObject({ clock: env.clock satisfies ReturnType<typeof fakeClock>, log: env.log })
  })
})

describe("a revocation", () => {
  it("[F35] holds for thirty days, or as long as it says", async () => {
    const { access, env, revoked } = setUp()
    const now = env.clock.now()
    await access.revoke({ user: "ann" })
    await access.revoke({ token: "t-1", forMs: 1 })
    await access.revoke({ claim: { org: "acme" }, forMs: 3_650 * DAY_MS })
    expect(revoked).toEqual([
      { user: "ann", until: now + 30 * DAY_MS },
      { token: "t-1", until: now + 1 },
      { claim: { org: "acme" }, until: now + 3_650 * DAY_MS },
    ])
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 3_651 * DAY_MS, "1"])("[F44] is refused for %s ms", async (forMs) => {
    const { access, revoked } = setUp()
    await expect(access.revoke({ user: "ann", forMs } as RevokeOptions)).rejects.toMatchObject({
      code: "BAD_REQUEST",
      details: { field: "forMs" },
    })
    expect(revoked).toEqual([])
  })
})
