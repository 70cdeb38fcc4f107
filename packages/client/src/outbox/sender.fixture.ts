import type { DownMessage, ErrorCode } from "@magpie/protocol"
import type { PeerLink } from "@magpie/testing"
import { clientUnderTest, watch } from "../client-under-test.fixture.ts"

export const texts = (link: PeerLink): unknown[] => link.of("publish").map(({ data }) => (data as { text: string }).text)
export const sequences = (link: PeerLink): unknown[] => link.of("publish").map(({ sequence }) => sequence)

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

/** A client that has sent so many messages to the lobby, none of them answered. */
export async function sender(count: number, options: Parameters<typeof clientUnderTest>[0] = {}) {
  const made = clientUnderTest(options)
  const lobby = made.client.channel("chat/lobby")
  const say = (text: string, how: Parameters<typeof lobby.send>[2] = {}) => watch(lobby.send("say", { text }, how))
  await made.clock.settle()
  const sends = Array.from({ length: count }, (_, index) => say(`m${index + 1}`))
  await made.clock.settle()
  const id = (index: number): number | undefined => made.peer.link.of("publish")[index]?.id
  return { ...made, lobby, say, sends, id }
}
