import type { Clock } from "@magpie/protocol"

/** Something that gathers what it has to send and lets it go at the end of the turn. */
export interface Gatherer {
  flush(): void
}

/**
 * Gathers one turn of the event loop: channels let go of their batches first, then each connection that was given something
 * writes once.
 */
export interface Turn {
  channel(channel: Gatherer): void
  connection(connection: Gatherer): void
  /** Lets go of everything now, before a close or a shutdown. */
  flush(): void
}

export function createTurn(clock: Clock): Turn {
  let channels: Gatherer[] = []
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
    for (const channel of dirtyChannels) channel.flush()
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
