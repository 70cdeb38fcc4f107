import { DEFAULT_LIMITS } from "@magpie/protocol"
import { fakeEnv } from "@magpie/testing"
import { expect, it } from "vitest"
import type { Knock } from "../access/admission.ts"
import type { Answered, Exchange } from "./exchange.ts"
import { createHttpTransports } from "./http-transports.ts"

const LINK = "0123456789abcdef"

/** What the gate is told of a request, and what is answered where it refuses everybody. */
async function knockOf(
  method: string,
  target: string,
  forwarded: boolean,
): Promise<{ knock: Knock | undefined; answered: Answered | undefined }> {
  const env = fakeEnv()
  let knock: Knock | undefined
  let answered: Answered | undefined
  const transports = createHttpTransports({
    core: {
      knock(given) {
        knock = given
        return { verdict: "refuse", status: 503, reason: "draining", retryAfterMs: 2_000 }
      },
      accept: () => {
        throw new Error("nobody was let in")
      },
    },
    ...{ ...env, path: "/magpie", origins: "any", limits: DEFAULT_LIMITS },
  })
  const exchange = { method, target, forwarded, headers: {}, address: "192.0.2.1", answer: (its: Answered) => (answered = its) }
  await transports.handle({ ...exchange, readBody: async () => new Uint8Array() } as unknown as Exchange)
  transports.close()
  return { knock, answered }
}

it.each(["/magpie/sse?channel=chat/a", "/magpie/poll?channel=chat/a"])(
  "[F84] %s, which a proxy brings, may go to another server",
  async (target) => {
    const { knock, answered } = await knockOf("GET", target, true)
    expect(knock).toMatchObject({ forwarded: true })
    expect(knock).not.toHaveProperty("newLink")
    expect(answered).toMatchObject({ status: 503, headers: { "Retry-After": "2" } })
  },
)

it.each([
  ["GET", `/magpie/sse?link=${LINK}`],
  ["POST", `/magpie/poll?link=${LINK}`],
])("[F84] %s %s, whose link belongs to one server, comes back by another link", async (method, target) => {
  const { knock } = await knockOf(method, target, true)
  expect(knock).toMatchObject({ newLink: true })
  expect(knock).not.toHaveProperty("forwarded")
})

it("nobody is sent to another server who came by no proxy", async () => {
  expect((await knockOf("GET", "/magpie/sse?channel=chat/a", false)).knock).toMatchObject({ forwarded: false })
  expect((await knockOf("GET", `/magpie/sse?link=${LINK}`, false)).knock).toMatchObject({ newLink: false })
})
