import { expect, it } from "vitest"
import { closeBed } from "../memory/chat-bed.ts"
import { type AccessBed, KEY, startAccessBed, tokenFor, type Visit } from "./access-bed.ts"
import { type AccessSuite, expectWelcome } from "./visitors.ts"

const OWN = "http://magpie.test"
const LISTED = "https://desk.example"
const FOREIGN = [
  "https://evil.example",
  `${OWN}.evil.example`,
  "https://evil.example/http://magpie.test",
  "http://magpie.test:8080",
  "http://MAGPIE.test",
  "null",
  "",
]

/** FAULTS D 41: what a page may do with the credentials of whoever looks at it. */
export function pageSuite(suite: AccessSuite): void {
  const { door, enter, enterAs } = suite

  /** Somebody who is kept out learns nothing, and nothing of his is kept. */
  async function expectOutside(bed: AccessBed, visit: Visit): Promise<void> {
    const raw = await door.enter(bed, visit)
    expect(raw.replies, JSON.stringify(visit)).toEqual([])
    expect(bed.server.connections.size, JSON.stringify(visit)).toBe(0)
    raw.close()
    await bed.idle()
  }

  it("[F41][F42] a page of another origin is not let in, whatever it brings", async () => {
    const { bed } = suite
    const token = await tokenFor(bed)
    for (const origin of FOREIGN) {
      for (const credentials of [{ token }, { key: KEY }, { token, cookie: "session=1" }])
        await expectOutside(bed, { ...credentials, origin })
    }
    expectWelcome(await enterAs({}, { origin: OWN }), "ann")
  })

  it("[F41][F42] where pages are listed, those are let in and no others", async () => {
    const listed = await startAccessBed({ origins: [LISTED] })
    const token = await tokenFor(listed)
    for (const origin of [...FOREIGN, OWN, `${LISTED}.evil.example`, "http://desk.example"]) await expectOutside(listed, { token, origin })
    expectWelcome(await door.enter(listed, { token, origin: LISTED }), "ann")
    await closeBed(listed as never)
  })

  it("[F41][F42] a cookie lets nobody in: without an Origin it is not heard, and on a page of the server's own it is nobody's", async () => {
    const { bed } = suite
    const token = await tokenFor(bed)
    const cookie = `token=${token}; key=${KEY}; session=1`
    await expectOutside(bed, { cookie })
    const own = await enter({ cookie, origin: OWN })
    expect(own.of("welcome")).toEqual([])
    expect(bed.server.connections.size).toBe(0)
    expectWelcome(await enter({ cookie, origin: OWN, token }), "ann")
  })
}
