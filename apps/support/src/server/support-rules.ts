import { MagpieError, type PatternName } from "@magpie/protocol"
import type { Action, ChannelRules } from "@magpie/server"
import type { Support } from "../contract.ts"
import type { SupportUser } from "./support-auth.ts"

type Asked = { readonly user: SupportUser | undefined; readonly action: Action }

const isAgent = ({ user }: { readonly user: SupportUser | undefined }): boolean => user?.role === "agent"
/** Agents, and the visitor whose conversation it is. */
const belongsTo = (asked: Asked & { readonly params: { readonly visitor: string } }): boolean =>
  !asked.action.endsWith("-any") && (isAgent(asked) || asked.user?.id === asked.params.visitor)

/** Only an agent has a name that the other side sees, and it is the server's word. */
const signed = <D extends object>({ user, data }: { readonly user: SupportUser | undefined; readonly data: D }): D =>
  ({ ...data, name: user?.role === "agent" ? user.name : undefined }) as D

function agentsOnly(asked: { readonly user: SupportUser | undefined }): void {
  if (!isAgent(asked)) throw new MagpieError("FORBIDDEN", "only agents may say this")
}

/** Who may do what: a visitor sees his own conversation and nothing else, not even the queue that he stands in. */
export const supportRules: { readonly [P in PatternName<Support>]: ChannelRules<Support, P, SupportUser> } = {
  "support/talk/:visitor": {
    // A visitor is not told which agents look at his conversation.
    authorize: (asked) => belongsTo(asked) && (isAgent(asked) || asked.action !== "watch"),
    accept: {
      say: signed,
      file: signed,
      event(asked) {
        agentsOnly(asked)
        return signed(asked)
      },
    },
    rate: { say: 10, file: 2, event: 5 },
  },
  "support/notes/:visitor": { authorize: (asked) => isAgent(asked) && !asked.action.endsWith("-any"), accept: { note: signed } },
  "support/file/:visitor/:upload": { authorize: belongsTo, rate: { chunk: 40 } },
  "support/typing/:visitor": { authorize: belongsTo, rate: { typing: 5 } },
  "support/queue": {
    authorize: (asked) => isAgent(asked) || (asked.user !== undefined && asked.action === "publish"),
    accept: {
      asks({ user, data }) {
        if (user?.id !== data.visitor) throw new MagpieError("FORBIDDEN", "a visitor asks for himself only")
      },
      unsays({ user, data }) {
        if (user?.id !== data.visitor) agentsOnly({ user })
      },
      answers: agentsOnly,
      takes: agentsOnly,
      hands: agentsOnly,
      closes: agentsOnly,
    },
    rate: { asks: 10, unsays: 10 },
  },
  "support/desk": { authorize: isAgent },
  "support/open": { authorize: (asked) => isAgent(asked) || (asked.user !== undefined && asked.action === "watch") },
}
