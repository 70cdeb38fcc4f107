/**
 * What all connections have said and been told since the start, in messages of the protocol. Plain numbers, for they are counted
 * for every subscriber of every message.
 */
export interface Traffic {
  messagesIn: number
  messagesOut: number
}

export function createTraffic(): Traffic {
  return { messagesIn: 0, messagesOut: 0 }
}
