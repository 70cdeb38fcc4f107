import type { KindName } from "@magpie/protocol"
import { badField } from "./bad-field.ts"
import type { Context } from "./context.ts"
import { INSIDES } from "./inside.ts"
import { type ChannelCore, createChannelCore } from "./kinds/channel-core.ts"
import { openChannel } from "./kinds/open-channel.ts"
import type { Layer } from "./layer.ts"
import type { Session } from "./session.ts"

export type OpenChannel = ReturnType<typeof openChannel>

/** The channel objects of a client, one for each name. */
export interface Channels extends Layer {
  /** Fails with BAD_REQUEST and, where the contract is at hand, UNKNOWN_CHANNEL. */
  find(name: string): OpenChannel
}

export function createChannels(context: Context, session: Session, start: () => void): Channels {
  const { contract } = context.settings
  const opened = new Map<string, { readonly core: ChannelCore; readonly channel: OpenChannel }>()

  function open(name: string): { core: ChannelCore; channel: OpenChannel } {
    const kind = contract?.match(name).kind
    const validate = kind && ((messageName: string, data: unknown) => contract?.validate(kind, messageName, data))
    const core = createChannelCore(context, { name, validate, ask: session.requests.ask, start })
    session.subscriptions.add(name, core.inner)
    let known: KindName | undefined = kind?.kind
    const kindName = (): KindName | undefined => (known ??= session.kindOf(name))
    const channel = openChannel(core, session, kindName)
    INSIDES.set(channel, { context, session, core, kind, kindName })
    return { core, channel }
  }

  return {
    find(name) {
      if (typeof name !== "string" || name === "") throw badField("channel", "must be a name")
      const entry = opened.get(name) ?? open(name)
      opened.set(name, entry)
      return entry.channel
    },
    close(error) {
      for (const { core } of opened.values()) core.close(error)
    },
  }
}
