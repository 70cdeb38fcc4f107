import type { Clock } from "@magpie/protocol"

/** Something that gathers what it has to send and lets it go at the end of the turn. */
export interface Gatherer {
  flush(): void
}

/** A channel's messages of a turn; when no other channel has any, they need not be gathered a second time by connection. */
export interface ChannelGatherer {
  flush(alone: boolean): void
}

/**
 * Gathers one turn of the event loop: channels let go of their batches first, then each connection that was given something
 * writes once.
 */
export interface Turn {
  channel(channel: ChannelGatherer): void
  connection(connection: Gatherer): void
  /** Lets go of everything now, before a close or a shutdown. */
  flush(): void
}

export function createTurn(clock: Clock): Turn {
  let channels: ChannelGatherer[] = []
  let connections: Gatherer[] = []
  let scheduled = false

  function schedule(): void {
    if (scheduled) return
    scheduled = true
    clock.defer(flush)
  }

  function flush(): void {
    scheduled = false
    const dirtyChannels = channels
    channels = []
    for (const channel of dirtyChannels) channel.flush(dirtyChannels.length === 1)
    const dirtyConnections = connections
    connections = []
    for (const connection of dirtyConnections) connection.flush()
  }

  return {
    channel(channel) {
      channels.push(channel)
      schedule()
    },
    connection(connection) {
      connections.push(connection)
      schedule()
    },
    flush,
  }
}
