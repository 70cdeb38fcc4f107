import { once } from "node:events"
import { createServer, request } from "node:http"
import type { AddressInfo } from "node:net"
import { DEFAULT_LIMITS, SUBPROTOCOL_JSON } from "@magpie/protocol"
import { expect, it } from "vitest"
import type { Knock } from "../access/admission.ts"
import { nodeEnv } from "./node-env.ts"
import { createUpgradeListener } from "./upgrade.ts"

/** Who knocks when somebody upgrades from loopback. */
async function knockOf(trustedProxies: readonly string[], headers: Readonly<Record<string, string>> = {}): Promise<Knock | undefined> {
  let heard: Knock | undefined
  const listener = createUpgradeListener({
    core: {
      knock(knock) {
        heard = knock
        return { verdict: "refuse", status: 503, reason: "test" }
      },
      accept: () => {
        throw new Error("nobody is let in")
      },
    },
    clock: nodeEnv(() => {}).clock,
    limits: DEFAULT_LIMITS,
    spoken: new Set([SUBPROTOCOL_JSON]),
    path: "/magpie",
    trustedProxies: new Set(trustedProxies),
    endpoints: new Map(),
  })
  const server = createServer().on("upgrade", listener).listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const upgrade = { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": `${"A".repeat(22)}==` }
  const asked = request({ host: "127.0.0.1", port, path: "/magpie", headers: { ...upgrade, ...headers } }).end()
  const [answer] = await once(asked, "response")
  expect(answer.statusCode).toBe(503)
  answer.resume()
  server.close()
  return heard
}

it("[F14] [F84] says whether a proxy of ours brings somebody, which nobody else can claim", async () => {
  const headers = { "X-Forwarded-For": "198.51.100.7" }
  expect(await knockOf(["127.0.0.1"], headers)).toMatchObject({ address: "198.51.100.7", forwarded: true })
  expect(await knockOf([], headers)).toMatchObject({ address: "127.0.0.1", forwarded: false })
})
