/** Who published, and as which of their messages on that channel: numbers of one publisher grow with its calls. */
export interface MessageId {
  readonly publisher: string
  readonly number: number
}

export const messageId = (publisher: string, number: number): string => `${publisher}#${number}`

export function readMessageId(id: string): MessageId {
  const at = id.lastIndexOf("#")
  return { publisher: id.slice(0, at), number: Number(id.slice(at + 1)) }
}
