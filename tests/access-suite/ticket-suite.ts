import { expect, it } from "vitest"
import { RIGHTS } from "./access-bed.ts"
import { type AccessSuite, expectRefusal, expectWelcome } from "./visitors.ts"

const PAGE = "http://magpie.test"
const ann = { id: "ann", claims: { sub: "ann", magpie: RIGHTS } }

/** FAULTS D 37: credentials that count once. */
export function ticketSuite(suite: AccessSuite): void {
  const { enter } = suite
  const issue = (options = {}) => suite.bed.server.tickets.issue({ user: ann, ...options })

  if (suite.door.repeats) {
    it("[F37][F42] a ticket counts once, also for who would have to show it again", async () => {
      const ticket = issue()
      const raw = await enter({ ticket })
      expect(raw.closedWith).toMatchObject({ code: 4502 })
      expectRefusal(await enter({ ticket }))
    })
    return
  }

  it("[F37][F42] a ticket lets its user in once, also where a token may stand", async () => {
    const ticket = issue()
    expectWelcome(await enter({ ticket }), "ann")
    expectRefusal(await enter({ ticket }))
    const token = issue()
    expectWelcome(await enter({ token }), "ann")
    expectRefusal(await enter({ token }))
    expectRefusal(await enter({ ticket: token }))
  })

  it("[F37][F42] of fifty who come with one ticket at once the first is let in", async () => {
    const ticket = issue()
    const raws = await Promise.all(Array.from({ length: 50 }, () => enter({ ticket })))
    expect(raws.filter((raw) => raw.of("welcome").length > 0)).toHaveLength(1)
    for (const raw of raws.filter((one) => one.of("welcome").length === 0)) expectRefusal(raw)
  })

  it("[F37][F42] a ticket counts for thirty seconds, or as long as it says", async () => {
    const [first, second, longer] = [issue(), issue(), issue({ expiresInMs: 60_000 })]
    await suite.bed.clock.advance(29_999)
    expectWelcome(await enter({ ticket: first }), "ann")
    await suite.bed.clock.advance(1)
    expectRefusal(await enter({ ticket: second }))
    expectWelcome(await enter({ ticket: longer }), "ann")
  })

  it("[F37][F42] a ticket for one page or address counts from no other, and stays good for its own", async () => {
    const ticket = issue({ origin: PAGE, address: "192.0.2.1" })
    const own = { ticket, origin: PAGE, address: "192.0.2.1" }
    expectRefusal(await enter({ ...own, address: "192.0.2.2" }))
    expectRefusal(await enter({ ticket, address: "192.0.2.1" }))
    expectRefusal(await enter({ ...own, origin: "https://magpie.test" }))
    expectWelcome(await enter(own), "ann")
  })

  it("[F37][F42] a forged ticket, and one of before a restart, is UNAUTHORIZED", async () => {
    const ticket = issue()
    expectRefusal(await enter({ ticket: `${ticket.slice(0, -1)}${ticket.endsWith("0") ? "1" : "0"}` }))
    expectRefusal(await enter({ ticket: "magpie-ticket.e30.00" }))
    expectRefusal(await enter({ ticket: "x".repeat(9_000) }))
    suite.bed.kill()
    await suite.bed.start()
    expectRefusal(await enter({ ticket }))
    expectWelcome(await enter({ ticket: issue() }), "ann")
  })

  if (suite.door.speaks === false) return

  it("[F37][F42] who came in with a ticket may do what its user may", async () => {
    const raw = await enter({ ticket: issue() })
    raw.send({ type: "publish", id: 1, channel: "chat/a", name: "say", data: { text: "x" } })
    await suite.bed.idle()
    expect(raw.reply(1)).toMatchObject({ type: "published" })
  })

  it("[F33][F37][F42] a ticket's connection lasts as long as it says, and a fresh one keeps it", async () => {
    const raw = await enter({ ticket: issue({ connectionMs: 60_000 }) })
    expect(raw.of("welcome")).toMatchObject([{ tokenExpiresInMs: 60_000 }])
    await suite.bed.clock.advance(55_000)
    expect(raw.of("token-expiring")).toHaveLength(1)
    raw.send({ type: "token", id: 1, token: issue({ connectionMs: 60_000 }) })
    await suite.bed.idle()
    await suite.bed.clock.advance(55_000)
    expect(raw.reply(1)).toMatchObject({ type: "token" })
    expect(raw.closedWith).toBeUndefined()
    await suite.bed.clock.advance(10_000)
    expect(raw.closedWith).toMatchObject({ code: 4005 })
  })
}
