import type { DownMessage, Position } from "@magpie/protocol"
import { answerPolitely } from "@magpie/testing"
import { clientUnderTest } from "../client-under-test.fixture.ts"
import type { GapNotice } from "../index.ts"

/** A client that listens to the lobby, with what it heard. */
export async function listener(options: Parameters<typeof clientUnderTest>[0] = {}) {
  const made = clientUnderTest(options)
  const lobby = made.client.channel("chat/lobby")
  const heard: (number | undefined)[] = []
  const gaps: GapNotice[] = []
  const events: string[] = []
  const dispose = lobby.on("say", (message) => {
    heard.push(message.offset)
    events.push(`m${message.offset}`)
  })
  lobby.subscription.on("gap", (gap) => {
    gaps.push(gap)
    events.push("gap")
  })
  lobby.subscription.on("recovered", () => events.push("recovered"))
  lobby.subscription.on("state", ({ state }) => events.push(state))
  await made.clock.settle()
  return { ...made, lobby, heard, gaps, events, dispose }
}

export function subscribedTo(id: number | undefined, fields: Partial<Extract<DownMessage, { type: "subscribed" }>> = {}): DownMessage {
  return { type: "subscribed", id, channel: "chat/lobby", kind: "stream", answer: "new", position: { epoch: "e1", offset: 0 }, ...fields }
}

/** Breaks the link and answers the resume on the next one by hand. */
export async function resumeWith(
  made: Awaited<ReturnType<typeof listener>>,
  fields: Parameters<typeof subscribedTo>[1],
  ...messages: DownMessage[]
) {
  made.peer.onMessage = (message, link) => {
    if (message.type === "subscribe") link.send(subscribedTo(message.id, fields), ...messages)
    else answerPolitely(message, link)
  }
  made.peer.link.close(1006)
  await made.clock.until(() => made.client.status.state === "online")
}

export const at = (offset: number, epoch = "e1"): Position => ({ epoch, offset })
