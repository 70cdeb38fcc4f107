import type { DownMessage, ErrorCode, Publish } from "@magpie/protocol"
import type { PeerLink } from "@magpie/testing"
import { begin, clientUnderTest, watch } from "../client-under-test.fixture.ts"

export const textOf = ({ data }: Publish): string => (data as { text: string }).text

/** What came over the link, but for the message that opened the window. */
export const publishes = (link: PeerLink): Publish[] => link.of("publish").filter((each) => textOf(each) !== "begin")
export const texts = (link: PeerLink): unknown[] => publishes(link).map(textOf)
export const sequences = (link: PeerLink): unknown[] => publishes(link).map(({ sequence }) => sequence)

export function stored(id: number | undefined, offset: number, duplicate?: boolean): DownMessage {
  return { type: "published", id, position: { epoch: "e1", offset }, level: "disk", duplicate }
}

export function refused(
  id: number | undefined,
  code: ErrorCode,
  more: { retryAfterMs?: number; expected?: number; sequence?: string } = {},
): DownMessage {
  const retryable = ["RATE_LIMITED", "UNAVAILABLE", "OUT_OF_ORDER", "STORAGE_FENCED", "TIMEOUT"].includes(code)
  const { retryAfterMs, ...details } = more
  return { type: "error", id, code, message: "", remedy: "", retryable, retryAfterMs, details: new Map(Object.entries(details)) }
}

/**
 * A client that has sent so many messages to the lobby, none of them answered. Their numbers begin with 2 behind one that was
 * stored; with 1 where the client is not `begun`, as it is not without a link.
 */
export async function sender(count: number, options: Parameters<typeof clientUnderTest>[0] & { readonly begun?: boolean } = {}) {
  const { begun = options.polite !== false && !options.lazy, ...rest } = options
  const made = clientUnderTest(rest)
  const lobby = made.client.channel("chat/lobby")
  const say = (text: string, how: Parameters<typeof lobby.send>[2] = {}) => watch(lobby.send("say", { text }, how))
  await made.clock.settle()
  if (begun) await begin(made)
  const sends = Array.from({ length: count }, (_, index) => say(`m${index + 1}`))
  await made.clock.settle()
  const id = (index: number): number | undefined => publishes(made.peer.link)[index]?.id
  return { ...made, lobby, say, sends, id }
}
