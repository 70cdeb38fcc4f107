import type { Kind, KindName } from "@magpie/protocol"
import type { Context } from "./context.ts"
import type { ChannelCore } from "./kinds/channel-core.ts"
import type { Session } from "./session.ts"

/** What is behind a channel's object. */
export interface Inside {
  readonly context: Context
  readonly session: Session
  readonly core: ChannelCore
  /** The kind with its schemas; undefined where the client was not given the contract. */
  readonly kind: Kind | undefined
  kindName(): KindName | undefined
}

/** The way from the object that a user holds to what is behind it, for the other entries of this package. */
export const INSIDES = new WeakMap<object, Inside>()
