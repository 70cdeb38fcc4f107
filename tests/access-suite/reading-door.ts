import { CLOSE_CODES } from "@magpie/protocol"
import type { RawConnection, Reply } from "@magpie/testing"
import { type Asked, ask } from "../memory/asking.ts"
import type { Door } from "./access-bed.ts"

/** The close that a link would be told, for somebody who knows statuses only. */
const CLOSES: Readonly<Record<number, number>> = {
  401: CLOSE_CODES.UNAUTHORIZED,
  429: CLOSE_CODES.TRY_AGAIN_LATER,
  503: CLOSE_CODES.TRY_AGAIN_LATER,
}

/** Reading channels that a URL names, as EventSource and curl do: whoever comes in so says nothing more. */
export function byUrl(name: string, path: string): Door {
  return {
    name: `${name}, by URL`,
    resumes: false,
    speaks: false,
    async enter(bed, { session: _session, ...visitor }) {
      const before = new Set([...bed.server.connections].map(({ id }) => id))
      const asked = ask(bed, path, visitor)
      await bed.idle()
      const isIn = asked.status === undefined || asked.status === 200
      return reading(asked, isIn ? [...bed.server.connections].find(({ id }) => !before.has(id))?.user?.id : undefined)
    },
  }
}

/** What came of it, in the words of those who have a link: whose connection there is now, or how it was refused. */
function reading(asked: Asked, user: string | undefined): RawConnection {
  const refused = (): Reply | undefined => (asked.status === undefined || asked.status === 200 ? undefined : (asked.json() as Reply))

  function replies(): readonly Reply[] {
    if (user !== undefined) return [{ type: "welcome", user }]
    // Nobody was asked who he is.
    return asked.status === 403 ? [] : [{ ...refused(), type: "error" }]
  }

  return {
    get replies() {
      return replies()
    },
    get frames() {
      return [asked.text]
    },
    get closedWith() {
      const ended = asked.events().find(({ name }) => name === "close")
      if (ended !== undefined) return JSON.parse(ended.data)
      const refusal = refused()
      return refusal && { code: CLOSES[asked.status ?? 0] ?? 1006, reason: `retryAfterMs=${refusal.retryAfterMs}` }
    },
    send: saysNothing,
    sendFrame: saysNothing,
    of: (type) => replies().filter((reply) => reply.type === type),
    reply: saysNothing,
    close: asked.cancel,
  }
}

function saysNothing(): never {
  throw new Error("whoever reads by URL says nothing")
}
