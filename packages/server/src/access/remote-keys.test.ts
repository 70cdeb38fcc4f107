import { MagpieError } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { createRemoteKeys, type RemoteKeysOptions } from "./remote-keys.ts"

const TIMES = { refreshMs: 10_000, cooldownMs: 1_000, graceMs: 2_000, maxAgeMs: 60_000 }
const key = (kid: string, n = `modulus of ${kid}`) => ({ kty: "RSA", kid, n, e: "AQAB" })

/** An address whose answer a test chooses, asked for keys by name. */
function setUp(options: RemoteKeysOptions = TIMES) {
  const env = fakeEnv()
  const address = { set: { keys: [key("a")] } as unknown, failure: undefined as unknown, fetches: 0 }
  /** Where set, an answer waits for it. */
  let gate: Promise<void> | undefined
  const keys = createRemoteKeys(async () => {
    address.fetches += 1
    const { set, failure } = address
    await gate
    if (failure !== undefined) throw failure
    return set
  }, options)
  const find = async (kid: string | undefined): Promise<unknown> => {
    try {
      return (await keys.find(kid, env.clock, env.log)).map(({ kid: name }) => name)
    } catch (failure) {
      return (failure as MagpieError).code
    }
  }
  return {
    address,
    env,
    clock: env.clock,
    keys,
    find,
    hold(): () => void {
      let release = (): void => {}
      gate = new Promise((resolve) => {
        release = () => {
          gate = undefined
          resolve()
        }
      })
      return release
    },
  }
}

describe("keys at an address", () => {
  it("[F36] are fetched once for all who ask at once, and then found without asking", async () => {
    const { address, find } = setUp()
    expect(await Promise.all(Array.from({ length: 1_000 }, () => find("a")))).toEqual(Array(1_000).fill(["a"]))
    expect(await find(undefined)).toEqual(["a"])
    expect(address.fetches).toBe(1)
  })

  it("[F36] that are new are found at once, and asked for at most once in a cooldown", async () => {
    const { address, find, clock } = setUp()
    await find("a")
    await clock.advance(1_000)
    address.set = { keys: [key("a"), key("b")] }
    expect(await Promise.all([find("b"), find("b"), find("a")])).toEqual([["b"], ["b"], ["a"]])
    expect(address.fetches).toBe(2)
    address.set = { keys: [key("c")] }
    await clock.advance(999)
    expect(await find("c")).toBe("UNAVAILABLE")
    await expect(setUp().keys.find("z".repeat(257), clock)).resolves.toEqual([])
    expect(address.fetches).toBe(2)
    await clock.advance(1)
    expect(await find("c")).toEqual(["c"])
    expect(address.fetches).toBe(3)
  })

  it("[F36] say exactly when it is worth asking again", async () => {
    const { keys, clock } = setUp()
    await keys.find("a", clock)
    await clock.advance(400)
    await expect(keys.find("b", clock)).rejects.toMatchObject({ code: "UNAVAILABLE", retryAfterMs: 600 })
  })

  it("[F31] that nobody has are refused, and once that is known, at once", async () => {
    const { address, find, clock } = setUp()
    await find("a")
    await clock.advance(1_000)
    expect(await find("../../etc/passwd")).toEqual([])
    await clock.advance(1)
    expect(await find("../../etc/passwd")).toEqual([])
    expect(address.fetches).toBe(2)
    await clock.advance(1_000)
    address.set = { keys: [key("a"), key("late")] }
    expect(await find("../../etc/passwd")).toEqual([])
    expect(await find("late")).toEqual(["late"])
    expect(address.fetches).toBe(3)
    for (let index = 0; index < 300; index++) {
      await clock.advance(1_000)
      expect(await find(`junk ${index}`)).toEqual([])
    }
    await clock.advance(1)
    // The longest ago is forgotten first: only so many are kept.
    expect(await find("junk 299")).toEqual([])
    expect(await find("junk 0")).toBe("UNAVAILABLE")
  })

  it("[F36] that were taken out hold for a grace, and then no more", async () => {
    const { address, find, clock } = setUp()
    await find("a")
    address.set = { keys: [key("b")] }
    await clock.advance(1_000)
    expect(await find("b")).toEqual(["b"])
    expect(await find(undefined)).toEqual(["b", "a"])
    await clock.advance(1_999)
    expect(await find("a")).toEqual(["a"])
    await clock.advance(1)
    expect(await find("a")).toEqual([])
    expect(await find(undefined)).toEqual(["b"])
  })

  it("[F36] that come back before their grace ends are keys as any other", async () => {
    const { address, find, clock } = setUp()
    await find("a")
    for (const names of [["b"], ["a", "b"]]) {
      await clock.advance(1_000)
      address.set = { keys: names.map((name) => key(name)) }
      await find(`x${names.length}`)
    }
    await clock.advance(5_000)
    expect(await find("a")).toEqual(["a"])
    expect(await find(undefined)).toEqual(["a", "b"])
  })

  it("[F36] are both tried where another key takes over a name, until the grace has passed", async () => {
    const { address, keys, clock, find } = setUp()
    await find("a")
    address.set = { keys: [{ e: "AQAB", n: "another modulus", kid: "a", kty: "RSA" }] }
    await clock.advance(1_000)
    await find("b")
    expect((await keys.find("a", clock)).map(({ n }) => n)).toEqual(["another modulus", "modulus of a"])
    await clock.advance(2_000)
    expect((await keys.find("a", clock)).map(({ n }) => n)).toEqual(["another modulus"])
  })

  it("[F36] are the same whatever the order of their fields: nothing leaves", async () => {
    const { address, clock, find } = setUp()
    await find("a")
    const { kty, kid, n, e } = key("a")
    address.set = { keys: [{ e, n, kid, kty }] }
    await clock.advance(1_000)
    await find("b")
    expect(await find(undefined)).toEqual(["a"])
  })

  it("[F36] are fetched early without anybody waiting, and waited for once they are old", async () => {
    const { address, find, clock, hold } = setUp()
    await find("a")
    await clock.advance(4_999)
    await find("a")
    expect(address.fetches).toBe(1)
    address.set = { keys: [key("b")] }
    await clock.advance(1)
    const release = hold()
    expect(await find("a")).toEqual(["a"])
    expect(address.fetches).toBe(2)
    release()
    await clock.settle()
    expect(await find("b")).toEqual(["b"])
    await clock.advance(10_000)
    address.set = { keys: [key("c")] }
    const releaseAgain = hold()
    let answer: unknown
    void find("a").then((found) => {
      answer = found
    })
    await clock.settle()
    expect(answer).toBeUndefined()
    releaseAgain()
    await clock.settle()
    expect(answer).toEqual([])
    expect(address.fetches).toBe(3)
  })

  it("[F36] serve while the address is down, until their age limit, and then nobody is refused for it", async () => {
    const { address, find, clock, env } = setUp()
    await find("a")
    address.failure = new MagpieError("UNAVAILABLE", "keys.example did not answer in time")
    await clock.advance(10_000)
    expect(await find("a")).toEqual(["a"])
    expect(env.lines).toEqual([{ level: "error", event: "jwks-failed", fields: { failure: "keys.example did not answer in time" } }])
    // A key that is not known may be a new one.
    await clock.advance(1_000)
    expect(await find("b")).toBe("UNAVAILABLE")
    expect(await find("b")).toBe("UNAVAILABLE")
    await clock.advance(48_999)
    expect(await find("a")).toEqual(["a"])
    await clock.advance(1)
    expect(await find("a")).toBe("UNAVAILABLE")
    expect(await find(undefined)).toBe("UNAVAILABLE")
    address.failure = undefined
    await clock.advance(1_000)
    expect(await find("a")).toEqual(["a"])
  })

  it("[F36] are not waited for again where the last try failed", async () => {
    const { address, find, clock, hold } = setUp()
    await find("a")
    address.failure = new Error("secret-canary")
    await clock.advance(10_000)
    await find("a")
    await clock.advance(1_000)
    const release = hold()
    expect(await find("a")).toEqual(["a"])
    expect(address.fetches).toBe(3)
    release()
    await clock.settle()
  })

  it.each([undefined, null, 7, {}, { keys: 7 }, { keys: Array(129).fill(key("a")) }])(
    "[F36] in an answer that is no set are none, and what was known stays: %j",
    async (set) => {
      const { address, find, clock, env } = setUp()
      await find("a")
      address.set = set
      await clock.advance(1_000)
      expect(await find("b")).toBe("UNAVAILABLE")
      expect(await find("a")).toEqual(["a"])
      expect(env.lines).toMatchObject([{ event: "jwks-failed", fields: { failure: "what was fetched is no key set" } }])
    },
  )

  it("[F43] leave nothing of an answer or a failure in the log", async () => {
    const { address, find, clock, env } = setUp()
    address.failure = new TypeError("secret-canary")
    expect(await find("a")).toBe("UNAVAILABLE")
    address.failure = undefined
    address.set = { keys: ["secret-canary", null, key("a")] }
    await clock.advance(1_000)
    expect(await find("a")).toEqual(["a"])
    expect(env.lines).toMatchObject([{ fields: { failure: "TypeError" } }])
    expect(JSON.stringify(env.lines)).not.toContain("canary")
  })
})
