import { afterEach, describe, expect, it } from "vitest"
import { closeBed, failureOf, greeted, type MemberBed, members, outcomeOf, publish, startMembers, tokenOf } from "./chat-bed.ts"

let bed: MemberBed
afterEach(() => closeBed(bed))

const CANARY = "canary-7f3a9c"

describe("a secret", () => {
  it("[F43] in a token or a payload appears in no log line, error or counter, whatever fails on its way", async () => {
    const thrower = (request: { data: unknown }) => {
      throw new Error(`cannot use ${JSON.stringify(request.data)}`)
    }
    bed = await startMembers({
      auth: {
        authenticate(credentials, clock) {
          if (credentials.token?.includes("explode")) throw new Error(`bad token ${credentials.token}`)
          return members.authenticate(credentials, clock)
        },
      },
      rules: {
        "chat/:room": {
          authorize: ({ user, params }: { user: { rooms: readonly string[] }; params: { room: string } }) => {
            if (params.room === "throws") throw new Error(`user ${JSON.stringify(user)}`)
            return user.rooms.includes(params.room)
          },
          accept: { say: thrower },
        },
      } as never,
    })
    const token = tokenOf("ann", { rooms: ["a", CANARY] })
    const errors: unknown[] = []
    const ann = bed.connect({ token })
    ann.on("error", (error) => errors.push(error))
    const accepted = await failureOf(bed, ann.channel("chat/a").send("say", { text: CANARY }))
    expect(accepted).toMatchObject({ code: "INTERNAL" })
    errors.push(accepted, await failureOf(bed, ann.channel("chat/throws").send("say", { text: CANARY })))
    errors.push(await failureOf(bed, ann.channel("chat/closed").send("say", { text: CANARY })))
    // A payload that does come through, so that the canary is known to fly.
    await outcomeOf(bed, ann.channel("short/a").send("say", { text: CANARY }))
    expect(bed.server.channel("short/a").history({ last: 1 })).toMatchObject([{ data: { text: CANARY } }])

    const raws = []
    for (const hello of [
      { token: CANARY },
      { token: `explode ${CANARY}` },
      { token: CANARY.repeat(1_000) },
      { token: { CANARY } },
      { key: CANARY },
    ]) {
      const raw = bed.raw()
      raw.send({ type: "hello", version: 1, ...hello })
      await bed.clock.settle()
      raws.push(raw)
    }
    const raw = await greeted(bed, { token })
    raw.send(
      { type: "token", id: 1, token: `explode ${CANARY}` },
      publish(2, CANARY, { name: "wrong" }),
      publish(3, "", { data: { text: 1, [CANARY]: CANARY } }),
    )
    raw.sendFrame(`{"type":"publish","data":"${CANARY}`)
    raw.sendFrame(`{"type":"${CANARY}"}`)
    raw.send({ type: "publish", channel: "chat/a", name: "say", data: CANARY, sequence: CANARY })
    await bed.clock.settle()
    raws.push(raw)

    const told = [bed.env.lines, bed.server.counters, ...raws.flatMap(({ replies, closedWith }) => [replies, closedWith])]
    for (const one of told) expect(JSON.stringify(one ?? null)).not.toContain(CANARY)
    for (const error of errors) expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(CANARY)
    expect(bed.env.lines.length).toBeGreaterThan(0)
  })
})
