import { LIMITS } from "@magpie/protocol"
import { anonymous, broadcast, contract, json, stream } from "@magpie/server"
import { describe, expect, it } from "vitest"
import type { Config } from "../config.ts"
import { withEnvironment } from "./environment.ts"
import { FIELDS, limitVariable } from "./fields.ts"
import { findProblems } from "./find-problems.ts"
import { lineOfField } from "./line-of-field.ts"

const app = contract({ "chat/:room": stream({ messages: { say: json() } }), typing: broadcast({ messages: { typing: json() } }) })
const rules = { authorize: () => true }
const good: Config = { contract: app, auth: anonymous(), channels: { "chat/:room": rules, typing: rules } }

const told = (config: unknown) => findProblems(config).map(({ field, problem }) => `${field.join(".")} ${problem}`)

describe("the checker of configurations", () => {
  it("finds nothing wrong with what serves", () => {
    expect(told(good)).toEqual([])
    const full: Config = {
      ...good,
      port: 0,
      origins: ["https://example.org"],
      api: { prefix: "/api", origins: "any" },
      tls: { certFile: "cert.pem", keyFile: "key.pem" },
      limits: { connections: 10, turnAwaysPerSecond: 0.5 },
      endpoints: { "/": false },
      sessionKey: new Uint8Array(32),
      trustedProxies: ["10.0.0.1"],
    }
    expect(told(full)).toEqual([])
    expect(told({ ...good, api: false })).toEqual([])
  })

  it.each<readonly [object | undefined, readonly string[]]>([
    [undefined, [" needs a default export: export default defineConfig({ … })"]],
    [
      {},
      [
        "contract is missing: it must be what contract({ … }) gives",
        "auth is missing: it must be who may connect: jwt({ … }), apiKeys({ … }) or anonymous()",
        "channels is missing: it must be an object",
      ],
    ],
    [{ ...good, prot: 80 }, ["prot is no option; did you mean port?"]],
    [{ ...good, colour: "red" }, ["colour is no option"]],
    [{ ...good, port: "80" }, ["port must be a whole number from 0 to 65535"]],
    [{ ...good, heartbeatMs: 0 }, ["heartbeatMs must be a whole number of at least 1"]],
    [{ ...good, path: "magpie" }, ["path must be a path that begins with a slash"]],
    [{ ...good, origins: "https://example.org" }, ['origins must be "same", "any" or a list of origins']],
    [{ ...good, sessionKey: new Uint8Array(31) }, ["sessionKey must be at least 32 bytes, or a list of such"]],
    [
      { ...good, limits: { messageByte: 1, connections: -1 } },
      ["limits.messageByte is no option; did you mean messageBytes?", "limits.connections must be a number above 0"],
    ],
    [{ ...good, api: { origin: [] } }, ["api.origin is no option; did you mean origins?"]],
    [{ ...good, tls: { cert: "x" } }, ["tls must be an object with certFile and keyFile, or with cert and key"]],
    [
      { ...good, channels: { "chat/:rom": rules, typing: rules } },
      [
        "channels.chat/:rom is no pattern of the contract; did you mean chat/:room?",
        'channels has no rules for "chat/:room": without authorize it is closed to everybody',
      ],
    ],
  ])("says what is wrong, case %#", (config, problems) => {
    expect(told(config)).toEqual(problems)
  })
})

describe("the environment", () => {
  it("goes before the configuration, field by field", () => {
    const env = {
      MAGPIE_PORT: "9000",
      PORT: "1",
      MAGPIE_ORIGINS: "https://a.example, https://b.example",
      MAGPIE_LIMIT_MESSAGES_PER_SECOND: "5",
      MAGPIE_API_PREFIX: "/back",
      MAGPIE_SESSION_KEY: Buffer.alloc(32, 7).toString("base64"),
      MAGPIE_TLS_CERT: "cert.pem",
      MAGPIE_TLS_KEY: "key.pem",
      MAGPIE_SECRET: "of no concern",
    }
    const config = withEnvironment({ ...good, port: 80, limits: { connections: 3 } }, env)
    expect(config).toMatchObject({
      port: 9000,
      origins: ["https://a.example", "https://b.example"],
      limits: { connections: 3, messagesPerSecond: 5 },
      api: { prefix: "/back" },
      tls: { certFile: "cert.pem", keyFile: "key.pem" },
    })
    expect(config.sessionKey).toEqual(Buffer.alloc(32, 7))
    const several = [1, 2].map((byte) => Buffer.alloc(32, byte))
    const keys = several.map((key) => key.toString("base64")).join(", ")
    expect(withEnvironment(good, { MAGPIE_SESSION_KEY: keys }).sessionKey).toEqual(several)
    expect(told({ ...good, sessionKey: several })).toEqual([])
    expect(told({ ...good, sessionKey: () => several })).toEqual([])
    expect(told({ ...good, sessionKey: [] })).toEqual(["sessionKey must be at least 32 bytes, or a list of such"])
    expect(told(config)).toEqual([])
    expect(withEnvironment(good, { PORT: "1" }).port).toBe(1)
    expect(withEnvironment(good, {})).toEqual(good)
    expect(withEnvironment({ ...good, api: false }, { MAGPIE_API_PREFIX: "/back" }).api).toBe(false)
    expect(told(withEnvironment(good, { MAGPIE_TLS_CERT: "cert.pem" }))).toEqual([
      "tls must be an object with certFile and keyFile, or with cert and key",
    ])
  })

  it.each([
    [{ MAGPIE_PORT: "80a" }, "MAGPIE_PORT must be a whole number from 0 to 65535"],
    [{ MAGPIE_PORT: "" }, "MAGPIE_PORT must be"],
    [{ MAGPIE_TRUSTED_PROXIES: "10.0.0.1,,10.0.0.2" }, "MAGPIE_TRUSTED_PROXIES must be a list of texts"],
    [{ MAGPIE_SESSION_KEY: "c2hvcnQ=" }, "MAGPIE_SESSION_KEY must be at least 32 bytes"],
    [{ MAGPIE_LIMIT_CONECTIONS: "5" }, "MAGPIE_LIMIT_CONECTIONS names no limit"],
    [{ MAGPIE_LIMIT_CONNECTIONS: "0" }, "MAGPIE_LIMIT_CONNECTIONS must be a number above 0"],
  ])("is refused by the variable's name: %j", (env, words) => {
    expect(() => withEnvironment(good, env)).toThrowError(
      expect.objectContaining({ code: "INVALID_OPTIONS", message: expect.stringContaining(words) }),
    )
  })

  it("has a variable for every limit, and no variable for two fields", () => {
    const variables = (fields: object): readonly string[] =>
      Object.values(fields).flatMap(({ env = [], fields: inner = {} }: { env?: readonly string[]; fields?: object }) => [
        ...env,
        ...variables(inner),
      ])
    const all = variables(FIELDS)
    expect(new Set(all).size).toBe(all.length)
    for (const name of Object.keys(LIMITS)) expect(all).toContain(limitVariable(name))
    expect(limitVariable("messagesPerUserPerSecond")).toBe("MAGPIE_LIMIT_MESSAGES_PER_USER_PER_SECOND")
  })
})

describe("the line of a field", () => {
  const source = `import { defineConfig } from "@magpie/cli"
// export default { port: 1 }
const other = { port: 2 }
export default defineConfig<typeof app>({
  "contract": app, // port: 3
  auth: jwt({ secret: \`port: \${4}\` }), /* port: 5,
  port: 6 */ pattern: /[/}]port: 7,/,
  channels: {
    "chat/:room": { authorize: ({ user }) => user.rooms.includes("}, port: 8"), overflow: "x" },
    'typing': rules,
  },
  setup(server) { server.port = { port: 9 } },
  limits, ...shared,
  port:
    80,
})`

  it.each([
    [["port"], 14],
    [["contract"], 5],
    [["auth"], 6],
    [["pattern"], 7],
    [["channels"], 8],
    [["channels", "chat/:room"], 9],
    [["channels", "chat/:room", "overflow"], 9],
    [["channels", "typing"], 10],
    [["channels", "typing", "authorize"], 10],
    [["setup"], 12],
    [["limits", "connections"], 13],
    [["unknown"], 4],
    [[], 4],
  ])("of %j is %d", (field, line) => {
    expect(lineOfField(source, field)).toBe(line)
  })

  it("is unknown where there is no literal configuration, and found in one without defineConfig", () => {
    expect(lineOfField("export default config", ["port"])).toBeUndefined()
    expect(lineOfField("\nexport default {\n port: 1,\n}", ["port"])).toBe(3)
  })

  it("never fails on a file that ends in the middle", () => {
    for (let length = 0; length <= source.length; length++)
      expect(() => lineOfField(source.slice(0, length), ["channels", "typing"])).not.toThrow()
  })
})
