import type { Contract, Limits } from "@magpie/protocol"
import { MagpieError } from "@magpie/protocol"
import type { ServerPresence } from "../../presence/read-presence.ts"
import { part } from "../answers.ts"
import { integer, optional, text } from "../description.ts"
import { channelName } from "../fields.ts"
import { requireChannel } from "../rights.ts"
import { type GuardedRoute, guarded, ok } from "../route.ts"

export interface PresenceOptions {
  readonly contract: Contract
  readonly limits: Pick<Limits, "presencePage">
  readonly of: (channel: string) => ServerPresence
}

export function presenceRoute({ contract, limits, of }: PresenceOptions): GuardedRoute {
  return guarded({
    method: "GET",
    path: "/presence",
    action: "presence",
    summary: "List who is present on a channel",
    about:
      "In the order of entering, page by page, from all nodes. `cursor` is there as long as there is more; one that is too old is EXPIRED, then begin anew. `missing` names nodes that did not answer in time.",
    query: {
      channel: channelName,
      limit: optional(integer(1, limits.presencePage, "How many at most. Default: 100.")),
      cursor: optional(text(256, "Where the page before ended.")),
    },
    answers: { 200: { about: "A page.", schema: part("PresencePage") } },
    errors: ["UNKNOWN_CHANNEL", "EXPIRED"],
    async handle({ caller, query: { channel, limit, cursor } }) {
      const { kind } = contract.match(channel)
      requireChannel(caller, channel, "presence")
      if (kind.presence === undefined)
        throw new MagpieError("BAD_REQUEST", `"${channel}" has no presence`, { details: { field: "channel" } })
      const { counts, members, next, missing } = await of(channel).page({ after: cursor, limit })
      return ok({ counts, members, cursor: next, missing })
    },
  })
}
