import { MagpieError, type PatternName } from "@magpie/protocol"
import type { Action, ChannelRules } from "@magpie/server"
import type { Support } from "../contract.ts"
import { MAX_VISITOR_UPLOAD_BYTES } from "../limits.ts"
import type { SupportUser } from "./support-auth.ts"
import { createUploadQuota } from "./upload-quota.ts"

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

type SupportRules = { readonly [P in PatternName<Support>]: ChannelRules<Support, P, SupportUser> }

export interface SupportRulesOptions {
  /** So many bytes of attachments are taken from one visitor in a day, in whole pieces of 24 KiB; then LIMIT_EXCEEDED. Default 50 MiB. */
  readonly visitorUploadBytes?: number
  /** The time in milliseconds. Default: this machine's. */
  readonly now?: () => number
}

/** Who may do what: a visitor sees his own conversation and nothing else, not even the queue that he stands in. */
export function supportRules({ visitorUploadBytes = MAX_VISITOR_UPLOAD_BYTES, now = Date.now }: SupportRulesOptions = {}): SupportRules {
  const quota = createUploadQuota({ visitorUploadBytes, now })
  return {
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
    "support/file/:visitor/:upload": {
      authorize: belongsTo,
      accept: {
        chunk({ user }) {
          if (user?.role === "visitor") quota.takePiece(user.id)
        },
      },
      rate: { chunk: 40 },
    },
    "support/canned": { authorize: isAgent },
    "support/typing/:visitor": { authorize: belongsTo, rate: { typing: 5 } },
    "support/queue": {
      authorize: (asked) => isAgent(asked) || (asked.user !== undefined && asked.action === "publish"),
      accept: {
        asks({ user, data }) {
          if (user?.id !== data.visitor) throw new MagpieError("FORBIDDEN", "a visitor asks for himself only")
        },
        answers: agentsOnly,
        takes: agentsOnly,
        hands: agentsOnly,
        closes: agentsOnly,
        sums: agentsOnly,
      },
      rate: { asks: 10 },
    },
    "support/desk": { authorize: isAgent },
    "support/open": { authorize: (asked) => isAgent(asked) || (asked.user !== undefined && asked.action === "watch") },
  }
}
