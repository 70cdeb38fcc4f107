import { MagpieError } from "@magpie/protocol"
import { fakeCrypto, fakeEnv, seededRandom } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import { listOf } from "./changing.ts"
import type { User } from "./identity.ts"
import { createTicketOffice, isTicket } from "./tickets.ts"

const KEY = new Uint8Array(32).fill(7)
const PAGE = "https://app.example.com"
const here = { address: "192.0.2.1", origin: PAGE }

interface Member extends User {
  readonly rooms?: readonly string[]
}

function setUp({ key = KEY as Uint8Array | readonly Uint8Array[], scope = "scope", maxBytes = 8_192, seed = 1 } = {}) {
  const { clock } = fakeEnv()
  const spent = new Map<string, number>()
  const control = {
    spendScope: scope,
    failure: undefined as unknown,
    async spend(name: string, until: number) {
      if (control.failure !== undefined) throw control.failure
      if (spent.has(name)) return false
      spent.set(name, until)
      return true
    },
  }
  const office = createTicketOffice<Member>({
    clock,
    random: seededRandom(seed),
    crypto: fakeCrypto,
    control,
    keys: () => listOf(key),
    maxBytes,
  })
  return { clock, control, office, spent }
}

const ann = { id: "ann", rooms: ["a", "鵲橋"] }

describe("a ticket", () => {
  it("[F37] lets its user in once", async () => {
    const { office, clock, spent } = setUp()
    const ticket = office.issue({ user: ann })
    expect(isTicket(ticket)).toBe(true)
    expect(await office.redeem(ticket, here)).toEqual({ user: ann, issuedAt: clock.now() })
    expect(await office.redeem(ticket, here)).toBeUndefined()
    expect([...spent.values()]).toEqual([clock.now() + 30_000])
  })

  it("[F37] lets one of fifty in who come with it at once", async () => {
    const { office } = setUp()
    const ticket = office.issue({ user: ann })
    const answers = await Promise.all(Array.from({ length: 50 }, () => office.redeem(ticket, here)))
    expect(answers.filter((identity) => identity !== undefined)).toHaveLength(1)
  })

  it.each([undefined, 1, 1_500, 600_000])("[F37] counts for %s ms and no longer", async (expiresInMs) => {
    const { office, clock, spent } = setUp()
    const issue = () => office.issue({ user: ann, ...(expiresInMs === undefined ? {} : { expiresInMs }) })
    const [first, second] = [issue(), issue()]
    await clock.advance((expiresInMs ?? 30_000) - 1)
    expect(await office.redeem(first, here)).toBeDefined()
    await clock.advance(1)
    expect(await office.redeem(second, here)).toBeUndefined()
    expect(spent.size).toBe(1)
  })

  it("[F37] for one page counts from no other, and is not used up by one", async () => {
    const { office } = setUp()
    const ticket = office.issue({ user: ann, origin: PAGE })
    for (const origin of [undefined, "https://evil.example", "https://app.example.com.evil.tld", `${PAGE}/`, ""]) {
      expect(await office.redeem(ticket, { ...here, origin })).toBeUndefined()
    }
    expect(await office.redeem(ticket, here)).toBeDefined()
  })

  it("[F37] for one address counts from no other, and is not used up by one", async () => {
    const { office } = setUp()
    const ticket = office.issue({ user: ann, address: "192.0.2.1" })
    expect(await office.redeem(ticket, { ...here, address: "192.0.2.2" })).toBeUndefined()
    expect(await office.redeem(ticket, here)).toBeDefined()
    const roaming = office.issue({ user: ann, address: "2001:db8::1" })
    expect(await office.redeem(roaming, { ...here, address: "2001:db8:1::1" })).toBeUndefined()
    expect(await office.redeem(roaming, { ...here, address: "2001:db8::abcd" })).toBeDefined()
  })

  it("counts from anywhere where nobody said otherwise", async () => {
    const { office } = setUp()
    expect(await office.redeem(office.issue({ user: ann }), { address: "198.51.100.9", origin: undefined })).toBeDefined()
  })

  it("says how long its connection may last, and what it can be revoked by", async () => {
    const { office, clock } = setUp()
    const ticket = office.issue({ user: ann, connectionMs: 60_000, claims: { org: "acme" } })
    const issuedAt = clock.now()
    await clock.advance(5_000)
    expect(await office.redeem(ticket, here)).toEqual({ user: ann, issuedAt, claims: { org: "acme" }, expiresAt: clock.now() + 60_000 })
  })

  it("[F40] that was changed anywhere, cut, lengthened or made up is none", async () => {
    const { office, spent } = setUp()
    const ticket = office.issue({ user: ann })
    for (let index = 0; index < ticket.length; index++) {
      const other = ticket[index] === "A" ? "B" : "A"
      expect(await office.redeem(ticket.slice(0, index) + other + ticket.slice(index + 1), here), `at ${index}`).toBeUndefined()
    }
    const [prefix, content, signature] = ticket.split(".")
    for (const wrong of [
      "",
      ticket.slice(0, -1),
      `${ticket}0`,
      `${ticket}.`,
      `${prefix}.${content}`,
      `${prefix}.${content}.`,
      `${prefix}..${signature}`,
      `${content}.${signature}`,
      `${prefix}.${content}.${signature}.${signature}`,
      "magpie-ticket.",
    ]) {
      expect(await office.redeem(wrong, here), wrong).toBeUndefined()
    }
    expect(spent.size).toBe(0)
    expect(await office.redeem(ticket, here)).toBeDefined()
  })

  it("[F37] counts on every node with the same key and log, and on no other", async () => {
    const ticket = setUp().office.issue({ user: ann })
    expect(await setUp({ seed: 2 }).office.redeem(ticket, here)).toBeDefined()
    expect(await setUp({ key: new Uint8Array(32).fill(8) }).office.redeem(ticket, here)).toBeUndefined()
    expect(await setUp({ scope: "another" }).office.redeem(ticket, here)).toBeUndefined()
  })

  it("[F40] is not signed with the key of sessions as it is", () => {
    const ticket = setUp().office.issue({ user: ann })
    const [, content = "", signature] = ticket.split(".")
    const bytes = (text: string) => new TextEncoder().encode(text)
    const withKey = Buffer.from(fakeCrypto.hmacSha256(KEY, bytes(`scope\n${content}`))).toString("hex")
    expect(signature).toHaveLength(64)
    expect(signature).not.toBe(withKey)
  })

  it("[F37] leaves it to the other side to come back where nobody can tell whether it was used", async () => {
    const { office, control } = setUp()
    const ticket = office.issue({ user: ann })
    control.failure = new MagpieError("UNAVAILABLE", "no log")
    await expect(office.redeem(ticket, here)).rejects.toMatchObject({ code: "UNAVAILABLE" })
    control.failure = undefined
    expect(await office.redeem(ticket, here)).toBeDefined()
  })

  it("is another text each time, without anything but what a header can hold", () => {
    const { office } = setUp()
    const tickets = Array.from({ length: 100 }, () => office.issue({ user: { id: "\u{1f426}?>~" } }))
    expect(new Set(tickets).size).toBe(100)
    for (const ticket of tickets) expect(ticket).toMatch(/^[A-Za-z0-9._-]+$/)
  })

  it.each([
    [{ expiresInMs: 0 }, "expiresInMs"],
    [{ expiresInMs: 600_001 }, "expiresInMs"],
    [{ expiresInMs: 1.5 }, "expiresInMs"],
    [{ expiresInMs: Number.NaN }, "expiresInMs"],
    [{ connectionMs: 0 }, "connectionMs"],
    [{ connectionMs: Number.POSITIVE_INFINITY }, "connectionMs"],
    [{ claims: { blob: "x".repeat(8_192) } }, "user"],
  ])("is not issued with %j", (options, field) => {
    const { office } = setUp()
    expect(() => office.issue({ user: ann, ...options })).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST", details: expect.objectContaining({ field }) }),
    )
  })

  it("[F32] is as long as a token may be, and no longer one is read", async () => {
    const { office } = setUp()
    const ticket = office.issue({ user: ann })
    const exact = setUp({ maxBytes: ticket.length })
    expect(await exact.office.redeem(ticket, here)).toBeDefined()
    expect(await setUp({ maxBytes: ticket.length - 1 }).office.redeem(ticket, here)).toBeUndefined()
    expect(() => setUp({ maxBytes: ticket.length - 1 }).office.issue({ user: ann })).toThrow()
  })

  it("[F87] holds while the key that it was signed with does, also where others are signed with another one by then", async () => {
    const other = new Uint8Array(32).fill(8)
    const ticket = setUp().office.issue({ user: ann })
    const fresh = setUp({ key: other }).office.issue({ user: ann })
    expect(await setUp({ key: [other, KEY] }).office.redeem(ticket, here)).toMatchObject({ user: ann })
    expect(setUp({ key: [other, KEY] }).office.issue({ user: ann })).toBe(fresh)
    expect(await setUp({ key: other }).office.redeem(ticket, here)).toBeUndefined()
  })
})
