import type { RawConnection } from "@magpie/testing"
import { expect, it } from "vitest"
import { outcomeOf } from "../memory/chat-bed.ts"
import { KEY, RIGHTS, tokenFor } from "./access-bed.ts"
import type { AccessSuite } from "./visitors.ts"

const CANARY = "canary-7f3a9c"

/** FAULTS D 43: secrets and payloads through every path, and nothing of them in what anybody is told. */
export function canarySuite(suite: AccessSuite): void {
  const { enter, enterAs } = suite

  it("[F43][F42] nothing of a token, key, ticket or payload is told to anybody", async () => {
    const { bed } = suite
    const raws: RawConnection[] = []
    const visit = async (raw: Promise<RawConnection>): Promise<RawConnection> => {
      raws.push(await raw)
      return raw
    }
    const good = await tokenFor(bed, { claims: { jti: CANARY, note: CANARY } })
    const user = { id: "ann", claims: { magpie: RIGHTS, note: CANARY } }
    const ticket = bed.server.tickets.issue({ user, claims: { note: CANARY } })
    const secrets = [CANARY, good, good.split(".")[2] ?? "", ticket, ticket.split(".")[2] ?? "", KEY]

    for (const credentials of [
      { token: CANARY },
      { token: `${CANARY}.${CANARY}.${CANARY}` },
      { token: CANARY.repeat(1_000) },
      { token: `magpie-ticket.${CANARY}.${CANARY}` },
      { key: CANARY },
      { key: CANARY.repeat(30) },
      { ticket: CANARY },
      { ticket: `magpie-ticket.${CANARY}.${CANARY}` },
      { ticket, address: "192.0.2.9" },
      { ticket },
      { key: KEY },
    ]) {
      await visit(enter(credentials))
    }
    const raw = await visit(enter({ token: good }))
    expect(raw.of("welcome")).toHaveLength(1)
    for (const message of [
      { type: "token", id: 1, token: CANARY },
      { type: "token", id: 2, token: ticket },
      { type: "publish", id: 3, channel: "chat/a", name: "say", data: { text: 1, [CANARY]: CANARY } },
      { type: "publish", id: 4, channel: "chat/a", name: "say", data: CANARY },
      { type: "publish", id: 5, channel: "opaque/a", name: "put", data: CANARY },
      { type: "publish", id: 6, channel: "chat/a", name: "say", data: { text: CANARY }, key: "once" },
      { type: "publish", id: 7, channel: "chat/a", name: "say", data: { text: `other ${CANARY}` }, key: "once" },
      { type: CANARY },
    ])
      raw.send(message)
    raw.sendFrame(`{"type":"publish","data":"${CANARY}`)
    await bed.idle()
    expect(raw.reply(6)).toMatchObject({ type: "published" })
    expect(raw.reply(7)).toMatchObject({ code: "CONFLICT" })
    await outcomeOf(bed, bed.server.revoke({ token: CANARY }))
    expect(raw.closedWith).toMatchObject({ code: 4503 })
    await visit(enter({ token: good }))
    await visit(enterAs({ sub: "bob", claims: { note: CANARY } }))

    const told = JSON.stringify([bed.env.lines, bed.server.counters, raws.map(({ frames, closedWith }) => [frames, closedWith])])
    for (const secret of secrets) expect(told).not.toContain(secret)
  })
}
