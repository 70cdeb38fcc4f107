import { broadcast, command, contract, MagpieError, stream } from "@magpie/protocol"
import { createTestBed, type TestBed, type TestBedOptions } from "@magpie/testing"
import { z } from "zod"
import type { Authenticator } from "../access/identity.ts"
import type { ApiResponse } from "./request.ts"
import type { ApiUser } from "./rights.ts"

/** What the tests of the HTTP API talk about, and with whose keys. */
export const app = contract({
  "chat/:room": stream({
    messages: { say: z.object({ text: z.string() }) },
    changes: { say: { edit: true, append: "text", delete: true, reactions: true, versions: true } },
    receipts: true,
    presence: z.object({ name: z.string() }),
  }),
  "users/:id": stream({ messages: { note: z.object({ text: z.string() }) } }),
  "cursor/:room": broadcast({ messages: { move: z.object({ x: z.number() }) } }),
  "lamp/:id": command({ set: { input: z.object({ on: z.boolean() }), output: z.object({ on: z.boolean() }) } }),
  "tools/:name": command({ add: { input: z.array(z.number()), output: z.number() } }),
})

const USERS: Readonly<Record<string, ApiUser>> = {
  "everything-key-1": { id: "backend", api: { may: "everything", channels: "any", users: "any" } },
  "chat-only-key-01": { id: "chat", api: { may: ["publish", "history"], channels: ["chat/:room"], users: ["ann"] } },
  "lamp-caller-key1": { id: "caller", api: { may: ["call"], channels: ["lamp/:id"], users: ["ann"] } },
  "one-channel-key1": { id: "one", api: { may: ["publish", "history"], channels: ["users/42"] } },
  "operator-key-001": { id: "operator", api: { may: ["connections", "disconnect", "revoke"], users: ["ann"] } },
  "no-rights-key-01": { id: "nobody" },
  "people-key-ann-1": { id: "ann" },
  "people-key-bob-1": { id: "bob" },
}

export const ALL = "everything-key-1"

/** Keys in the clear, by header or hello; anybody without one is anonymous. */
const auth: Authenticator = {
  authenticate: ({ key, token }) => {
    if (key === undefined && token === undefined) return { user: undefined }
    const user = USERS[key ?? ""]
    return user === undefined ? undefined : { user }
  },
}

export type ApiBed = TestBed<typeof app, ApiUser>

export function startApi(options: Partial<TestBedOptions<typeof app, ApiUser>> = {}): Promise<ApiBed> {
  const open = { authorize: () => true }
  return createTestBed<typeof app, ApiUser>(app, {
    auth: auth as Authenticator<ApiUser>,
    rules: {
      ...{ "chat/:room": open, "users/:id": open, "cursor/:room": open, "lamp/:id": open },
      "tools/:name": { ...open, handle: { add: (numbers) => numbers.reduce((sum, each) => sum + each, 0) } },
    },
    ...options,
  })
}

export interface Asked {
  /** Sent in `X-Api-Key`. */
  readonly key?: string
  /** A value is sent as JSON; text and bytes as they are. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly address?: string
}

export interface Told {
  readonly status: number
  readonly headers: ApiResponse["headers"]
  readonly json: never
}

export const PREFIX = "/magpie/api/v1"

/** Asks the API of a bed without a port, and lets the clock settle until it answers. */
export async function ask(
  bed: ApiBed,
  method: string,
  path: string,
  { key, body, headers = {}, address = "192.0.2.1" }: Asked = {},
): Promise<Told> {
  const api = bed.server.api
  if (api === undefined) throw new Error("there is no API")
  const bytes = typeof body === "string" || body instanceof Uint8Array ? Buffer.from(body) : Buffer.from(JSON.stringify(body) ?? "")
  const given: Record<string, readonly string[]> = {
    ...(body === undefined ? undefined : { "content-type": ["application/json"] }),
    ...(key === undefined ? undefined : { "x-api-key": [key] }),
  }
  for (const [name, value] of Object.entries(headers)) given[name] = typeof value === "string" ? [value] : value
  let answer: ApiResponse | undefined
  const pending = api({
    method,
    target: path.startsWith("//") ? path.slice(1) : PREFIX + path,
    headers: given,
    address,
    async readBody(maxBytes) {
      if (bytes.length > maxBytes) throw new MagpieError("TOO_LARGE", "too large")
      return bytes
    },
  })
  pending.then(
    (its) => {
      answer = its
    },
    () => {},
  )
  await bed.clock.settle()
  for (let waited = 0; answer === undefined && waited < 20; waited++) await bed.clock.advance(50)
  const { status, headers: told, body: text } = await pending
  return { status, headers: told, json: (text === "" ? undefined : JSON.parse(text)) as never }
}

export const say = (text: string, fields: object = {}): object => ({ channel: "chat/a", name: "say", data: { text }, ...fields })
