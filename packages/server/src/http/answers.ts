import { ACK_LEVELS, COMMAND_STATES, ERROR_CODES } from "@magpie/protocol"
import type { JsonSchema } from "./description.ts"

/** What the API says, as JSON Schema under the names that its description gives them. */
const string = (description: string): JsonSchema => ({ type: "string", description })
const integer = (description: string): JsonSchema => ({ type: "integer", description })
const record = (properties: Readonly<Record<string, JsonSchema>>, optional: readonly string[] = []): JsonSchema => ({
  type: "object",
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
})

/** A named part of the description. */
export const part = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` })

export const PARTS: Readonly<Record<string, JsonSchema>> = {
  Position: record(
    {
      epoch: string("Names the log that the offset belongs to; another one means that the log was lost and begins anew."),
      offset: integer("Counts the channel's messages from 1; 0 is before the first."),
      mark: string("A checksum of the message at the offset and all before it."),
    },
    ["mark"],
  ),
  Receipt: record(
    {
      channel: string("The channel."),
      kind: { type: "string", enum: ["stream", "broadcast"] },
      position: { ...part("Position"), description: "Where it stands in the log; on a stream only." },
      level: { type: "string", enum: ACK_LEVELS, description: "What a crash must do to lose it; on a stream only." },
      duplicate: { type: "boolean", description: "The same key was stored before, at this position; on a stream only." },
    },
    ["position", "level", "duplicate"],
  ),
  BatchResult: { oneOf: [part("Receipt"), record({ error: part("Error") })] },
  Message: record(
    {
      offset: integer("Its place in the channel's log."),
      mark: string("A checksum of it and all before it."),
      at: integer("The server's time in milliseconds since 1970."),
      from: string("The user in whose name it was published; absent where it was the server or a back end."),
      ref: string("Its sender's own reference."),
      name: string("The message's name in the contract; `$change` and `$deleted` where messages change."),
      data: { description: "Its data." },
      since: integer("The offset before it, where changes between the two were taken over by later ones."),
      changed: part("Changed"),
    },
    ["mark", "from", "ref", "since", "changed"],
  ),
  Changed: record(
    {
      version: integer("Offset of its last change; the state with the higher one is the newer one."),
      edited: part("Stamp"),
      appended: part("Stamp"),
      deleted: part("Stamp"),
      reactions: {
        type: "array",
        items: record({
          name: string("The reaction."),
          count: integer("How many gave it."),
          users: { type: "array", items: { type: "string" }, description: "The first ten of them." },
        }),
      },
    },
    ["edited", "appended", "deleted", "reactions"],
  ),
  Stamp: record(
    {
      at: integer("When last, the server's time in milliseconds since 1970."),
      by: string("Who did it; absent where it was the server."),
      count: integer("How often."),
    },
    ["by", "count"],
  ),
  HistoryPage: record({
    type: { type: "string", enum: ["history"] },
    channel: string("The channel."),
    messages: { type: "array", items: part("Message"), description: "In the channel's order, oldest first." },
    more: { type: "boolean", description: "Whether the log goes on in the direction of reading." },
    position: { ...part("Position"), description: "The newest position of the channel." },
  }),
  VersionsPage: record({
    type: { type: "string", enum: ["versions"] },
    channel: string("The channel."),
    offset: integer("Where the message stands."),
    versions: { type: "array", items: part("Version"), description: "Oldest first." },
  }),
  Version: record(
    {
      version: integer("The offset from which on it said this."),
      at: integer("Since when, the server's time in milliseconds since 1970."),
      by: string("The user who said it; absent where it was the server or a back end."),
      data: { description: "What it said." },
    },
    ["by"],
  ),
  ReceiptsPage: record(
    {
      type: { type: "string", enum: ["receipts"] },
      channel: string("The channel."),
      receipts: {
        type: "array",
        items: record({
          user: string("The user."),
          upTo: integer("The offset up to which the user has read."),
          at: integer("Since when, the server's time in milliseconds since 1970."),
        }),
      },
      next: string("What to ask `after` for the next page; absent on the last."),
    },
    ["next"],
  ),
  Command: record(
    {
      channel: string("The channel; in a page it stands there once for all."),
      id: string("The command's id."),
      name: string("Its name in the contract."),
      state: { type: "string", enum: COMMAND_STATES, description: "From `done` on it has ended, once and for all." },
      version: integer("The offset of its last step in the channel's history."),
      at: integer("When that was, the server's time in milliseconds since 1970."),
      calledAt: integer("When it was called."),
      deadline: integer("Until when it may be begun."),
      from: string("The user in whose name it was called; absent where it was the server or a back end."),
      input: { description: "What it was given; absent once it has ended." },
      progress: { description: "What was told last of it while it runs." },
      output: { description: "What it gave, where it is `done`." },
      error: record({ code: string("The contract's, or one of Magpie's."), message: string("For people."), data: {} }, ["message", "data"]),
      isCancelled: { type: "boolean", description: "Somebody asked that it end." },
    },
    ["channel", "from", "input", "progress", "output", "error"],
  ),
  CommandsPage: record({
    channel: string("The channel."),
    served: { type: "boolean", description: "Whether a device serves the channel, as far as the server knows." },
    commands: { type: "array", items: part("Command") },
  }),
  PresencePage: record(
    {
      counts: record({ members: integer("How many are present."), users: integer("How many users they are.") }),
      members: {
        type: "array",
        items: record(
          {
            member: string("Names one presence of somebody."),
            user: string("Its user's id; absent for an anonymous one."),
            at: integer("When it entered, the server's time in milliseconds since 1970."),
            state: { description: "What it says of itself, as the contract's schema has it." },
          },
          ["user"],
        ),
      },
      cursor: string("For the next page; absent on the last."),
      missing: { type: "array", items: { type: "string" }, description: "Nodes that did not answer in time." },
    },
    ["cursor"],
  ),
  Connection: record(
    {
      id: string("Names the connection."),
      user: string("Its user's id; absent for an anonymous one."),
      address: string("Where it comes from, as far as proxies are trusted."),
      userAgent: string("What the client calls itself."),
      openedAt: integer("The server's time in milliseconds since 1970."),
      channels: {
        type: "array",
        items: { type: "string" },
        description: "The channels that it follows; between servers no more than fit.",
      },
      node: string("The server that it is on, with `of=cluster`."),
    },
    ["user", "userAgent", "node"],
  ),
  Error: record(
    {
      code: { type: "string", enum: Object.keys(ERROR_CODES), description: "Decide on this." },
      message: string("What happened, for people."),
      remedy: string("What to do about it."),
      retryable: { type: "boolean", description: "Whether the same request may succeed later without a change." },
      retryAfterMs: integer("How long to wait before a retry can succeed."),
      details: { type: "object", description: "The field, limit or channel that it is about." },
    },
    ["retryAfterMs", "details"],
  ),
}
