import { ERROR_REMEDIES, type ErrorCode } from "@magpie/protocol"
import { PARTS, part } from "./answers.ts"
import { type Fields, isOptional, type JsonSchema } from "./description.ts"
import { idempotencyKey } from "./fields.ts"
import type { GuardedRoute, Route } from "./route.ts"
import { HTTP_STATUSES } from "./statuses.ts"

/** What every guarded route may refuse with. */
const ALWAYS: readonly ErrorCode[] = ["UNAUTHORIZED", "FORBIDDEN", "RATE_LIMITED", "UNAVAILABLE", "INTERNAL"]
/** What every route with something to read may refuse with. */
const OF_INPUT: readonly ErrorCode[] = ["BAD_REQUEST"]
const OF_BODY: readonly ErrorCode[] = ["TOO_LARGE", "TIMEOUT"]

/** The routes as an OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.1), made from what checks the requests. */
export function openApiDocument(routes: readonly Route[], prefix: string): JsonSchema {
  const paths: Record<string, Record<string, JsonSchema>> = {}
  for (const route of routes) {
    const path = paths[route.path] ?? {}
    path[route.method.toLowerCase()] = operationOf(route)
    paths[route.path] = path
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Magpie HTTP API",
      version: "1",
      description: "For back ends in any language. Every refusal is an Error with a code; decide on the code.",
      license: { name: "Apache-2.0", identifier: "Apache-2.0" },
    },
    servers: [{ url: prefix }],
    security: [{ key: [] }, { bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        key: { type: "apiKey", in: "header", name: "X-Api-Key" },
        bearer: { type: "http", scheme: "bearer", description: "A key, or a token of a user that has rights to the API." },
      },
      schemas: PARTS,
    },
  }
}

function operationOf(route: Route): JsonSchema {
  const described = { operationId: idOf(route), summary: route.summary, description: route.about }
  const answers = Object.fromEntries(
    Object.entries(route.answers).map(([status, { about, schema }]) => [status, { description: about, content: json(schema) }]),
  )
  if (route.action === undefined) return { ...described, security: [], responses: { ...answers, default: refusalOf("Refused.") } }
  return {
    ...described,
    ...parametersOf(route),
    ...(route.body === undefined ? undefined : { requestBody: { required: true, content: json(route.body.schema) } }),
    responses: { ...answers, ...refusalsOf(route) },
  }
}

/** `postPublishBatch` of `POST /publish/batch`. */
function idOf({ method, path }: Route): string {
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => word !== "")
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("")
}

function parametersOf({ query = {}, idempotent = false }: GuardedRoute): JsonSchema | undefined {
  const parameters = [
    ...queryParameters(query),
    ...(idempotent ? [{ name: "Idempotency-Key", in: "header", schema: idempotencyKey.schema }] : []),
  ]
  return parameters.length === 0 ? undefined : { parameters }
}

function queryParameters(query: Fields): readonly JsonSchema[] {
  return Object.entries(query).map(([name, description]) => {
    const { description: about, ...schema } = description.schema
    return { name, in: "query", required: !isOptional(description), description: about, schema }
  })
}

/** Each status once, with the codes that come with it. */
function refusalsOf(route: GuardedRoute): Readonly<Record<string, JsonSchema>> {
  const codes = [...ALWAYS, ...OF_INPUT, ...(route.body === undefined ? [] : OF_BODY), ...route.errors]
  const byStatus = new Map<number, Set<ErrorCode>>()
  for (const code of codes) {
    const status = HTTP_STATUSES[code]
    byStatus.set(status, (byStatus.get(status) ?? new Set()).add(code))
  }
  if (route.body !== undefined) byStatus.set(415, new Set(OF_INPUT))
  return Object.fromEntries(
    [...byStatus].map(([status, its]) => [status, refusalOf([...its].map((code) => `${code}: ${ERROR_REMEDIES[code]}`).join("\n\n"))]),
  )
}

function refusalOf(description: string): JsonSchema {
  return { description, content: json(part("Error")) }
}

function json(schema: JsonSchema): JsonSchema {
  return { "application/json": { schema } }
}
