import { longPoll, type NamedTransport, sse, type TransportWorld } from "@magpie/client/transports"
import type { RawConnection } from "@magpie/testing"
import { elsewhere } from "../transport-suite/ways.ts"
import type { Door } from "./access-bed.ts"
import { byUrl } from "./reading-door.ts"

const HELLO = { type: "hello", version: 1 }

function isAnswered(raw: RawConnection): boolean {
  return raw.closedWith !== undefined || raw.of("welcome").length > 0
}

/** Credentials in `hello`, as Magpie's own client gives them. */
function inHello(name: string, plain: boolean): Door {
  return {
    name,
    resumes: true,
    async enter(bed, { token, key, ticket, session, ...from }) {
      const raw = bed.raw({ ...from, plain })
      raw.send({ ...HELLO, token, key, ticket, session })
      await bed.idle()
      return raw
    },
  }
}

/** A transport over HTTP, with credentials in `hello` or in the headers of the requests that open a link. */
function overHttp(name: string, make: (world: TransportWorld) => NamedTransport, where: "hello" | "headers"): Door {
  return {
    name: `${name}, by ${where === "hello" ? "hello" : "its headers"}`,
    resumes: true,
    async enter(bed, { token, key, ticket, session, ...from }) {
      const credentials = where === "hello" ? {} : { token, key, ticket }
      const http = bed.network.http({ ...from, ...defined(credentials) })
      const raw = bed.raw({ ...from, transport: make({ http, clock: bed.clock, random: bed.env.random }) })
      raw.send({ ...HELLO, session, ...(where === "hello" && { token, key, ticket }) })
      // A client that no server keeps takes its time from one visit to the next.
      for (let waited = 0; waited < 10 && !isAnswered(raw); waited++) {
        await bed.idle()
        if (!isAnswered(raw)) await bed.clock.advance(10)
      }
      return raw
    },
  }
}

function defined(fields: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(fields).filter((entry): entry is [string, string] => entry[1] !== undefined))
}

/**
 * Every way to a connection. Whoever reads by URL takes the part of the suite that is about coming in. A request to the HTTP API
 * leaves no connection behind, and has tests of its own: packages/server/src/http/access.test.ts.
 */
export const DOORS: readonly Door[] = [
  byUrl("an event stream", "sse?channel=short/door"),
  byUrl("a poll", "poll?channel=short/door"),
  overHttp("server-sent events", sse, "hello"),
  overHttp("server-sent events", sse, "headers"),
  overHttp("long polls", longPoll, "hello"),
  overHttp("long polls", longPoll, "headers"),
  { ...overHttp("long polls that no server keeps", (world) => longPoll(elsewhere(world)), "hello"), repeats: true },
  inHello("a WebSocket with the subprotocol, by hello", false),
  inHello("a plain WebSocket, by hello", true),
  {
    name: "a WebSocket with the subprotocol, by its handshake",
    resumes: true,
    async enter(bed, { session, ...visit }) {
      const raw = bed.raw(visit)
      raw.send({ ...HELLO, session })
      await bed.idle()
      return raw
    },
  },
  {
    name: "a plain WebSocket, by its handshake",
    resumes: false,
    async enter(bed, { session: _session, ...visit }) {
      const raw = bed.raw({ ...visit, plain: true })
      await bed.idle()
      // Not enough by itself, it may still say hello; with nothing more to give, it is told.
      if (!isAnswered(raw)) raw.send(HELLO)
      await bed.idle()
      return raw
    },
  },
]
