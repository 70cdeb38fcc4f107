import type { KindOf, MessageInput, MessageName, MessageOutput, ParamsOf } from "@magpie/protocol"
import type { User } from "./access/identity.ts"

/** What somebody wants to do on a channel. */
export type Action = "subscribe" | "publish" | "history"

export interface AuthorizeRequest<U extends User, Params> {
  /** Undefined for an anonymous one. */
  readonly user: U | undefined
  readonly channel: string
  readonly params: Params
  readonly action: Action
}

export interface AcceptRequest<U extends User, Params, Data> extends Omit<AuthorizeRequest<U, Params>, "action"> {
  readonly data: Data
  readonly connection: string
}

/** Another message in its place, or nothing to leave it as it is. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function that returns nothing is the common case and must be allowed.
type Replacement<Data> = Data | undefined | void | Promise<Data | undefined | void>

type Acceptors<C, P extends string, U extends User> = {
  readonly [N in MessageName<KindOf<C, P>>]?: (
    request: AcceptRequest<U, ParamsOf<P>, MessageOutput<KindOf<C, P>, N>>,
  ) => Replacement<MessageInput<KindOf<C, P>, N>>
}

/** The rules of the channels behind one pattern. */
export interface ChannelRules<C, P extends string, U extends User> {
  /**
   * Decides about one user, channel and action. Asked on each new connection, also when it resumes, and after each change of
   * token; a yes is remembered for that connection until then [G10]. Throwing counts as no. A channel without this function
   * is closed to everybody.
   */
  readonly authorize: (request: AuthorizeRequest<U, ParamsOf<P>>) => boolean | Promise<boolean>
  /**
   * Called with each valid message before it is stored or sent on. What it returns takes the message's place, after being
   * validated; throwing a MagpieError refuses it with that code, any other error with INTERNAL.
   */
  readonly accept?: Acceptors<C, P, U>
}

/** The same without types, as the core keeps it. */
export interface AnyChannelRules {
  readonly authorize: (request: AuthorizeRequest<User, Readonly<Record<string, string>>>) => boolean | Promise<boolean>
  readonly accept?: Readonly<
    Record<string, ((request: AcceptRequest<User, Readonly<Record<string, string>>, unknown>) => unknown) | undefined>
  >
}
