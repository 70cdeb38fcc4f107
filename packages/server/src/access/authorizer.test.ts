import { broadcast, contract } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { describe, expect, it } from "vitest"
import type { AnyChannelRules } from "../channel-rules.ts"
import type { Connection } from "../session/connection.ts"
import { createAuthorizer } from "./authorizer.ts"
import type { Identity } from "./identity.ts"

const app = contract({ "room/:id": broadcast({ messages: {} }), closed: broadcast({ messages: {} }) })
const match = app.match("room/a")

function setUp(authorize: AnyChannelRules["authorize"]) {
  const env = fakeEnv()
  const asked: string[] = []
  const authorizer = createAuthorizer(env.log)
  authorizer.setRules("room/:id", {
    authorize(request) {
      asked.push(`${request.user?.id} ${request.action} ${request.channel} ${request.params.id}`)
      return authorize(request)
    },
  })
  const link: { identity: Identity | undefined; granted: Set<string> | undefined } = {
    identity: { user: { id: "ann" } },
    granted: undefined,
  }
  // All that the authorizer looks at.
  return { authorizer, asked, env, link, connection: link as unknown as Connection }
}

describe("an authorizer", () => {
  it("remembers a yes for one action on one channel, until it is told to forget", () => {
    const { authorizer, asked, connection } = setUp(() => true)
    for (let time = 0; time < 2; time++) expect(authorizer.allowed(connection, "room/a", match, "subscribe")).toBe(true)
    expect(authorizer.allowed(connection, "room/a", match, "publish")).toBe(true)
    expect(authorizer.allowed(connection, "room/b", app.match("room/b"), "subscribe")).toBe(true)
    authorizer.forget(connection)
    expect(authorizer.allowed(connection, "room/a", match, "subscribe")).toBe(true)
    expect(asked).toEqual(["ann subscribe room/a a", "ann publish room/a a", "ann subscribe room/b b", "ann subscribe room/a a"])
  })

  it("never remembers a no", async () => {
    let answer: boolean | Promise<boolean> = false
    const { authorizer, asked, connection } = setUp(() => answer)
    expect(authorizer.allowed(connection, "room/a", match, "publish")).toBe(false)
    answer = Promise.resolve(false)
    expect(await authorizer.allowed(connection, "room/a", match, "publish")).toBe(false)
    answer = true
    expect(authorizer.allowed(connection, "room/a", match, "publish")).toBe(true)
    expect(asked).toHaveLength(3)
  })

  it("[G10] closes a channel without rules, and everything to one who has proven nothing", () => {
    const { authorizer, link, connection } = setUp(() => true)
    expect(authorizer.allowed(connection, "closed", app.match("closed"), "subscribe")).toBe(false)
    link.identity = undefined
    expect(authorizer.allowed(connection, "room/a", match, "subscribe")).toBe(false)
  })

  it("[G10] takes no yes that was about who the connection was before", async () => {
    let decide = (_yes: boolean): void => {}
    const { authorizer, link, connection } = setUp(
      () =>
        new Promise((resolve) => {
          decide = resolve
        }),
    )
    const answer = authorizer.allowed(connection, "room/a", match, "subscribe")
    link.identity = { user: { id: "ann" } }
    decide(true)
    expect(await answer).toBe(false)
    expect(link.granted).toBeUndefined()
  })

  it("asks again rather than remember without end", () => {
    const { authorizer, link, connection } = setUp(() => true)
    for (let index = 0; index < 10_000; index++) authorizer.allowed(connection, `room/${index}`, app.match(`room/${index}`), "publish")
    expect(link.granted?.size).toBeLessThanOrEqual(4_096)
  })

  it("[F50][F43] takes a failure for no, and logs where it was and not what it said", async () => {
    const { authorizer, env, connection } = setUp(({ action }) => {
      if (action === "publish") throw new TypeError("the token canary")
      return Promise.reject(new Error("the token canary"))
    })
    expect(authorizer.allowed(connection, "room/a", match, "publish")).toBe(false)
    expect(await authorizer.allowed(connection, "room/a", match, "subscribe")).toBe(false)
    expect(env.lines).toMatchObject([
      {
        event: "authorize-failed",
        fields: { channel: "room/a", action: "publish", failure: "TypeError", at: expect.stringMatching(/^at /) },
      },
      { event: "authorize-failed", fields: { action: "subscribe", failure: "Error" } },
    ])
    expect(JSON.stringify(env.lines)).not.toContain("canary")
  })
})
