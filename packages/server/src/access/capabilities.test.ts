import { describe, expect, it } from "vitest"
import { capabilities, compileCapabilities } from "./capabilities.ts"

const claim = {
  "chat/:room": ["subscribe", "publish"],
  "chat/lobby": ["history"],
  "users/42": ["history"],
  "teams/*/notes": ["subscribe"],
  "teams/red/notes": ["publish"],
  "*": ["subscribe"],
}

describe("capabilities", () => {
  const can = (channel: string, action: string): boolean => compileCapabilities(claim).can(channel, action)

  it.each([
    ["chat/lobby", "subscribe"],
    ["chat/lobby", "publish"],
    ["chat/lobby", "history"],
    ["chat/鵲橋", "publish"],
    ["chat/*", "publish"],
    ["users/42", "history"],
    ["teams/blue/notes", "subscribe"],
    ["teams/red/notes", "subscribe"],
    ["teams/red/notes", "publish"],
    ["anything", "subscribe"],
  ])("[F38] grant %s %s", (channel, action) => {
    expect(can(channel, action)).toBe(true)
  })

  it.each([
    ["chat/other", "history"],
    ["chat", "publish"],
    ["chat/a/b", "subscribe"],
    ["chat/", "subscribe"],
    ["chat/.", "subscribe"],
    ["chat/..", "subscribe"],
    ["/lobby", "subscribe"],
    ["Chat/lobby", "subscribe"],
    ["сhat/lobby", "subscribe"],
    ["users/421", "history"],
    ["users/4", "history"],
    ["users/42\u0301", "history"],
    ["users/４２", "history"],
    ["users/42/", "history"],
    ["users/42", "subscribe"],
    ["users/*", "history"],
    ["teams/blue/notes", "publish"],
    ["teams/blue/note", "subscribe"],
    ["teams//notes", "subscribe"],
    ["anything", "publish"],
    ["anything", "Subscribe"],
    ["anything", ""],
    ["", "subscribe"],
    ["__proto__", "publish"],
  ])("[F38] do not grant %s %s", (channel, action) => {
    expect(can(channel, action)).toBe(false)
  })

  it("[F45] take names of prototypes for names", () => {
    const { can: mayDo } = compileCapabilities(JSON.parse('{ "__proto__": ["publish"], "constructor/toString": ["subscribe"] }'))
    expect(mayDo("__proto__", "publish")).toBe(true)
    expect(mayDo("constructor/toString", "subscribe")).toBe(true)
    expect(mayDo("constructor", "subscribe")).toBe(false)
    expect(mayDo("toString", "publish")).toBe(false)
  })

  it("[G10] of an empty claim grant nothing", () => {
    expect(compileCapabilities({}).can("chat/lobby", "subscribe")).toBe(false)
    expect(compileCapabilities({ "chat/lobby": [] }).can("chat/lobby", "subscribe")).toBe(false)
  })

  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`c/${index}`, ["publish"]]))
  it.each([
    undefined,
    null,
    "chat/lobby",
    7,
    [],
    [["chat/lobby", ["publish"]]],
    { "chat/lobby": "publish" },
    { "chat/lobby": [7] },
    { "chat/lobby": null },
    { "chat/lobby": ["x".repeat(33)] },
    { "chat/lobby": Array(17).fill("publish") },
    { "chat//lobby": ["publish"] },
    { "chat/..": ["publish"] },
    { "chat/lob*": ["publish"] },
    { "chat/**": ["publish"] },
    { "chat/:Room": ["publish"] },
    { "chat/a b": ["publish"] },
    { "chat/e\u0301": ["publish"] },
    { "chat/\u200b": ["publish"] },
    { "": ["publish"] },
    { [`chat/${"x".repeat(255)}`]: ["publish"] },
    { ok: ["publish"], "not//ok": ["publish"] },
    many(257),
  ])("[F38] of another form are refused as a whole: %j", (wrong) => {
    expect(() => compileCapabilities(wrong)).toThrow(expect.objectContaining({ code: "BAD_REQUEST" }))
  })

  it("[F46] are bounded, and asked without a look at each pattern", () => {
    expect(compileCapabilities(many(256)).can("c/255", "publish")).toBe(true)
    const deep = Object.fromEntries(Array.from({ length: 256 }, (_, index) => [`${"*/".repeat(100)}${index}`, ["publish"]]))
    const wide = compileCapabilities(deep)
    expect(wide.can(`${"a/".repeat(100)}255`, "publish")).toBe(true)
    expect(wide.can(`${"a/".repeat(100)}256`, "publish")).toBe(false)
    expect(compileCapabilities({ a: Array(16).fill("x".repeat(32)) }).can("a", "x".repeat(32))).toBe(true)
  })
})

describe("an authorize function of capabilities", () => {
  const question = { channel: "chat/lobby", action: "publish" }
  const userWith = (claims: unknown) => ({ id: "ann", claims })

  it("[G10] grants what the claim of the user's token says", () => {
    const can = capabilities()
    expect(can({ ...question, user: userWith({ magpie: claim }) })).toBe(true)
    expect(can({ ...question, user: userWith({ magpie: claim }), action: "erase" })).toBe(false)
    expect(capabilities({ claim: "rights" })({ ...question, user: userWith({ rights: claim }) })).toBe(true)
    expect(capabilities({ claim: "rights" })({ ...question, user: userWith({ magpie: claim }) })).toBe(false)
  })

  it("[G10] grants nothing without a claim, with a malformed one, and to nobody", () => {
    const can = capabilities()
    const users = [
      { id: "ann" },
      userWith(undefined),
      userWith(null),
      userWith("magpie"),
      userWith({}),
      userWith(Object.create({ magpie: claim })),
      userWith({ magpie: { "chat/lobby": "publish" } }),
      undefined,
    ]
    for (const user of users) expect(can({ ...question, user })).toBe(false)
    const throwing = capabilities<{ id: string }>({
      of() {
        throw new Error("no rights")
      },
    })
    expect(throwing({ ...question, user: { id: "ann" } })).toBe(false)
  })

  it("reads a claim once for each token, wherever it is found", () => {
    let reads = 0
    const can = capabilities<{ id: string; rights: unknown }>({
      of(user) {
        reads += 1
        return user.rights
      },
    })
    const user = { id: "ann", rights: claim }
    for (let time = 0; time < 100; time++) expect(can({ ...question, user })).toBe(true)
    expect(reads).toBe(1)
    expect(can({ ...question, user: { id: "ann", rights: {} } })).toBe(false)
    expect(reads).toBe(2)
  })
})
