import { describe, expect, it } from "vitest"
import { type Claim, Claims } from "./claims.ts"

const KEEP_MS = 1_000

function setUp() {
  const seen: string[] = []
  const shown = new Map<string, string>()
  const claims = new Claims(
    {
      show({ member, state }) {
        if (shown.get(member) !== state) seen.push(`${shown.has(member) ? "~" : "+"}${member} ${state}`)
        shown.set(member, state)
      },
      hide(member) {
        if (shown.delete(member)) seen.push(`-${member}`)
      },
    },
    KEEP_MS,
  )
  return { claims, seen }
}

const claim = (node: string, link: number, revision: number, state = `${node}${revision}`): Claim => ({
  ...{ member: "m", user: "ann", at: 0, node, link, revision },
  state: state as never,
  bytes: 2,
})

describe("claims", () => {
  it("[I20] of two nodes show one member, as the newer link says, which leaves when both are gone", () => {
    const { claims, seen } = setUp()
    claims.put(claim("a", 1, 1))
    claims.put(claim("b", 2, 1))
    claims.put(claim("a", 1, 2))
    claims.drop("m", "a")
    claims.drop("m", "b")
    claims.drop("m", "b")
    expect(seen).toEqual(["+m a1", "~m b1", "-m"])
  })

  it("[I20] of an older link come to nothing after a farewell of the newer one, also where they are heard later", () => {
    const { claims, seen } = setUp()
    claims.put(claim("a", 1, 1))
    claims.put(claim("b", 2, 1))
    claims.bid({ member: "m", node: "b", link: 2, revision: 2 }, 0)
    claims.put(claim("a", 1, 5))
    claims.put(claim("b", 2, 1))
    expect(seen).toEqual(["+m a1", "~m b1", "-m"])
  })

  it("[I20] of a newer link stand whatever an older one says", () => {
    const { claims, seen } = setUp()
    claims.put(claim("a", 1, 1))
    claims.put(claim("b", 2, 1))
    claims.bid({ member: "m", node: "a", link: 1, revision: 9 }, 0)
    expect(seen).toEqual(["+m a1", "~m b1"])
  })

  it("of one who comes again on the same link stand after its farewell, in whatever order they are heard", () => {
    const { claims, seen } = setUp()
    claims.put(claim("a", 1, 1))
    claims.put(claim("a", 1, 3))
    claims.bid({ member: "m", node: "a", link: 1, revision: 2 }, 0)
    expect(seen).toEqual(["+m a1", "~m a3"])
  })

  it("forget farewells after a while, oldest first, so that they take no room for ever", () => {
    const { claims, seen } = setUp()
    for (let index = 0; index < 100; index++) claims.bid({ member: `m${index}`, node: "a", link: 5, revision: index }, index * 100)
    claims.put({ ...claim("b", 1, 1), member: "m99" })
    claims.put({ ...claim("b", 1, 1), member: "m0" })
    expect(seen).toEqual(["+m0 b1"])
  })
})
