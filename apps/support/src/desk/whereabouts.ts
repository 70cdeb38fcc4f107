import type { Presence } from "@magpie/client/presence"
import type { KindOf } from "@magpie/protocol"
import type { Support } from "../contract.ts"

export type Whereabouts = { readonly state: "here" | "away"; readonly page: string } | { readonly state: "gone" | "unknown" }

type TalkPresence = Pick<Presence<KindOf<Support, "support/talk/:visitor">>, "members" | "state">

/** Whether the visitor has a page open, and which; `unknown` for as long as the server cannot tell. */
export function whereaboutsOf({ members, state }: TalkPresence, visitor: string): Whereabouts {
  if (state.state !== "live") return { state: "unknown" }
  const states = [...members.values()].filter(({ user }) => user === visitor).map((member) => member.state)
  const shown = states.find(({ away }) => !away) ?? states[0]
  return shown === undefined ? { state: "gone" } : { state: shown.away ? "away" : "here", page: shown.page }
}
