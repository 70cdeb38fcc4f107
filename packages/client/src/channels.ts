import { type AnyContract, type KindName, MagpieError, type Random } from "@magpie/protocol"
import { createBroadcastPart } from "./kinds/broadcast-channel.ts"
import { type ChannelCore, createChannelCore } from "./kinds/channel-core.ts"
import { openChannel } from "./kinds/open-channel.ts"
import { createStreamPart } from "./kinds/stream-channel.ts"
import { randomName } from "./random-name.ts"
import type { Schedule } from "./schedule.ts"
import type { Session } from "./session.ts"

export type OpenChannel = ReturnType<typeof openChannel>

/** The channel objects of a client, one for each name. */
export interface Channels {
  /** Fails with BAD_REQUEST and, where the contract is at hand, UNKNOWN_CHANNEL. */
  find(name: string, hint: KindName | undefined): OpenChannel
  close(error: MagpieError): void
}

export interface ChannelsOptions {
  readonly session: Session
  readonly schedule: Schedule
  readonly random: Random
  readonly contract: AnyContract | undefined
  readonly lingerMs: number
  start(): void
  whenOnline(signal: AbortSignal | undefined): Promise<void>
  onError(error: MagpieError): void
}

export function createChannels(options: ChannelsOptions): Channels {
  const { session, schedule, random, contract, lingerMs, start, whenOnline, onError } = options
  const opened = new Map<string, { readonly core: ChannelCore; readonly channel: OpenChannel }>()

  const drawRef = (): string => randomName(random, 8)

  function open(name: string, hint: KindName | undefined): { core: ChannelCore; channel: OpenChannel } {
    const kind = contract?.match(name).kind
    let kindName: KindName | undefined = kind?.kind ?? hint
    const { ask, request } = session.requests
    const core = createChannelCore({
      name,
      validate: kind && contract && ((messageName, data) => contract.validate(kind, messageName, data)),
      schedule,
      lingerMs,
      ask,
      retryMs: session.retryMs,
      start,
      onError,
      learnKind(learned) {
        if (kind === undefined && (learned === "stream" || learned === "broadcast")) kindName = learned
      },
    })
    session.subscriptions.add(name, core.inner)
    const stream = createStreamPart({ core, outbox: session.outbox, reader: { request, whenOnline }, drawRef })
    const broadcast = createBroadcastPart({ core, request, send: session.connection.send, drawRef })
    return { core, channel: openChannel({ core, stream, broadcast, kind: () => kindName }) }
  }

  return {
    find(name, hint) {
      if (typeof name !== "string" || name === "") {
        throw new MagpieError("BAD_REQUEST", "channel must be a name", { details: { field: "channel" } })
      }
      let entry = opened.get(name)
      if (entry === undefined) {
        entry = open(name, hint)
        opened.set(name, entry)
      }
      return entry.channel
    },
    close(error) {
      for (const { core } of opened.values()) core.close(error)
    },
  }
}
