import fc from "fast-check"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ALL, type ApiBed, ask, say, startApi } from "./api.fixture.ts"
import type { JsonSchema } from "./description.ts"
import { problemsOf, resolve } from "./json-schema.fixture.ts"
import { publishBody } from "./publisher.ts"

interface Operation {
  readonly operationId: string
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean; readonly schema: JsonSchema }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Content }>>
}
type Content = Readonly<Record<string, { readonly schema: JsonSchema }>>

interface Document extends JsonSchema {
  readonly openapi: string
  readonly info: { readonly title: string; readonly version: string }
  readonly servers: readonly { readonly url: string }[]
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly securitySchemes: object; readonly schemas: Readonly<Record<string, JsonSchema>> }
}

let bed: ApiBed
let document: Document
beforeEach(async () => {
  bed = await startApi()
  document = (await ask(bed, "GET", "/openapi.json")).json
})
afterEach(() => bed.close())

const operations = (): readonly { readonly method: string; readonly path: string; readonly operation: Operation }[] =>
  Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  )

function walk(value: unknown, visit: (object: Readonly<Record<string, unknown>>) => void): void {
  if (typeof value !== "object" || value === null) return
  if (!Array.isArray(value)) visit(value as Readonly<Record<string, unknown>>)
  for (const inner of Object.values(value)) walk(inner, visit)
}

describe("the API's description", () => {
  it("keeps the rules of OpenAPI 3.1", () => {
    expect(document.openapi).toMatch(/^3\.1\.\d+$/)
    expect(Object.keys(document).filter((key) => !["openapi", "info", "servers", "security", "paths", "components"].includes(key))).toEqual(
      [],
    )
    expect(document.info).toMatchObject({ title: expect.any(String), version: expect.any(String) })
    expect(document.servers).toEqual([{ url: "/magpie/api/v1" }])
    const ids = operations().map(({ operation }) => operation.operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { method, path, operation } of operations()) {
      expect(["get", "post"]).toContain(method)
      expect(path).toMatch(/^\/[a-z./]+$/)
      for (const requirement of operation.security ?? document.security)
        for (const scheme of Object.keys(requirement)) expect(document.components.securitySchemes).toHaveProperty(scheme)
      const parameters = operation.parameters ?? []
      expect(new Set(parameters.map(({ name, in: where }) => `${where} ${name}`)).size).toBe(parameters.length)
      for (const parameter of parameters) expect(["query", "header"]).toContain(parameter.in)
      expect(operation.requestBody === undefined).toBe(method === "get")
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(status).toMatch(/^([2-5]\d\d|default)$/)
        expect(response.description).not.toBe("")
      }
    }
  })

  it("refers only to what it holds, and holds only schemas whose fields and patterns exist", () => {
    const referred = new Set<string>()
    walk(document, (object) => {
      if (typeof object.$ref === "string") {
        expect(() => resolve(document, String(object.$ref))).not.toThrow()
        referred.add(object.$ref)
      }
      if (typeof object.pattern === "string") expect(() => new RegExp(String(object.pattern), "u")).not.toThrow()
      if (Array.isArray(object.required) && object.type === "object")
        for (const name of object.required) expect(object.properties).toHaveProperty(String(name))
    })
    const held = Object.keys(document.components.schemas).map((name) => `#/components/schemas/${name}`)
    expect([...referred].sort()).toEqual(held.sort())
  })

  it("is true of what the API answers", async () => {
    const raw = bed.raw()
    raw.send({ type: "hello", version: 1 }, { type: "enter", channel: "chat/a", state: { name: "somebody" } })
    await bed.clock.settle()
    const said = say("x", { key: "k" })
    const asked: readonly (readonly [method: "GET" | "POST", path: string, body?: unknown])[] = [
      ["POST", "/publish", said],
      ["POST", "/publish", said],
      ["POST", "/publish", { channel: "cursor/a", name: "move", data: { x: 1 } }],
      ["POST", "/publish", say("y", { key: "k" })],
      ["POST", "/publish", { channel: "chat/a" }],
      ["POST", "/publish/batch", { messages: [said, say("y", { key: "k" })] }],
      ["POST", "/change", { channel: "chat/a", offset: 1, action: "react", reaction: "+1", from: "ann" }],
      ["POST", "/change", { channel: "chat/a", offset: 9, action: "delete" }],
      ["GET", "/history?channel=chat/a"],
      ["GET", "/history?channel=nowhere"],
      ["GET", "/versions?channel=chat/a&offset=1"],
      ["GET", "/receipts?channel=chat/a"],
      ["POST", "/commands", { channel: "tools/a", name: "add", input: [1, 2], id: "c1", waitMs: 1_000 }],
      ["POST", "/commands", { channel: "lamp/1", name: "set", input: { on: true }, id: "c2", from: "ann" }],
      ["GET", "/commands?channel=lamp/1"],
      ["GET", "/commands?channel=tools/a&id=c1"],
      ["GET", "/history?channel=lamp/1"],
      ["POST", "/commands/cancel", { channel: "lamp/1", id: "c2" }],
      ["GET", "/presence?channel=chat/a"],
      ["GET", "/connections?limit=1"],
      ["POST", "/disconnect", { user: "ann" }],
      ["POST", "/revoke", { user: "ann" }],
      ["GET", "/health"],
      ["GET", "/ready"],
      ["GET", "/openapi.json"],
    ]
    for (const [method, path, body] of asked) {
      const { status, json } = await ask(bed, method, path, { key: ALL, ...(body === undefined ? undefined : { body }) })
      const operation = document.paths[path.replace(/\?.*/, "")]?.[method.toLowerCase()]
      const response = operation?.responses[status]
      expect(response, `${method} ${path} ${status}`).toBeDefined()
      expect(problemsOf(response?.content["application/json"]?.schema ?? {}, json, document), `${method} ${path}`).toEqual([])
    }
    expect(new Set(asked.map(([, path]) => path.replace(/\?.*/, "")))).toEqual(new Set(Object.keys(document.paths)))
  })

  it("lets through what the API lets through: the schema of a body is what checks it", () => {
    const schema = document.paths["/publish"]?.post?.requestBody?.content["application/json"]?.schema ?? {}
    const word = fc.oneof(
      fc.string({ maxLength: 80 }),
      fc.constantFrom("chat/a", "say", "", "\u0000", "k".repeat(128), "k".repeat(129), "ü", " k"),
      fc.integer(),
    )
    const body = fc.record({ channel: word, name: word, data: fc.jsonValue(), from: word, key: word, other: word }, { requiredKeys: [] })
    fc.assert(
      fc.property(fc.oneof({ weight: 9, arbitrary: body }, fc.jsonValue()), (given) => {
        const value: unknown = JSON.parse(JSON.stringify(given))
        const allowed = problemsOf(schema, value, document).length === 0
        if (allowed) expect(publishBody.check(value, "")).toEqual(value)
        else expect(() => publishBody.check(value, "")).toThrowError(expect.objectContaining({ code: "BAD_REQUEST" }))
      }),
      { numRuns: 500, seed: 4 },
    )
  })
})
