import type { AnyContract, KindName, MagpieError, Random } from "@magpie/protocol"
import { badField } from "./bad-field.ts"
import { type ChannelCore, createChannelCore } from "./kinds/channel-core.ts"
import { openChannel } from "./kinds/open-channel.ts"
import type { Schedule } from "./schedule.ts"
import type { Session } from "./session.ts"

export type OpenChannel = ReturnType<typeof openChannel>

/** The channel objects of a client, one for each name. */
export interface Channels {
  /** Fails with BAD_REQUEST and, where the contract is at hand, UNKNOWN_CHANNEL. */
  find(name: string): OpenChannel
  close(error: MagpieError): void
}

export interface ChannelsOptions {
  readonly session: Session
  readonly schedule: Schedule
  readonly random: Random
  readonly contract: AnyContract | undefined
  readonly lingerMs: number
  start(): void
  onError(error: MagpieError): void
}

export function createChannels({ session, contract, ...options }: ChannelsOptions): Channels {
  const opened = new Map<string, { readonly core: ChannelCore; readonly channel: OpenChannel }>()

  function open(name: string): { core: ChannelCore; channel: OpenChannel } {
    const kind = contract?.match(name).kind
    const validate = kind && ((messageName: string, data: unknown) => contract?.validate(kind, messageName, data))
    const core = createChannelCore({ ...options, name, validate, ask: session.requests.ask })
    session.subscriptions.add(name, core.inner)
    let kindName: KindName | undefined = kind?.kind
    const channel = openChannel(core, session, () => (kindName ??= session.kindOf(name)))
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
