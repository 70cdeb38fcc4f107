import type { Received } from "@magpie/client"
import { isMagpieError } from "@magpie/protocol"
import { command, EXIT, option, wholeNumber } from "../command.ts"
import { CONNECTING, type UntypedChannel, untypedChannel, withClient } from "../connecting.ts"
import { messageLine } from "../message-line.ts"

const MOST = Number.MAX_SAFE_INTEGER
const LENGTH = 50
const PAGE = 200

export const historyCommand = command({
  name: "history",
  summary: "print what a stream holds",
  arguments: [{ name: "channel", about: "which" }],
  options: {
    ...CONNECTING,
    limit: option("count", `how many messages at most; ${LENGTH} unless told`, { short: "n", parse: wholeNumber(1, MOST) }),
    before: option("offset", "those before this offset, instead of the newest", { parse: wholeNumber(1, MOST) }),
    after: option("offset", "those after this offset; 0 begins with the first that is kept", { parse: wholeNumber(0, MOST) }),
  },
  notes: ["Always in the stream's own order, oldest first."],
  run: ({ options: { limit = LENGTH, before, after, ...connecting }, arguments: [name = ""], json, at }) =>
    withClient(connecting, at, async ({ client }) => {
      const channel = untypedChannel(client, name)
      const print = (message: Received): void => at.print(messageLine(message, json, at.style))
      if (after !== undefined) await printAfter(channel, after, limit, print)
      else for (const message of await readBefore(channel, before, limit)) print(message)
      return EXIT.done
    }),
})

async function printAfter(channel: UntypedChannel, after: number, limit: number, print: (message: Received) => void): Promise<void> {
  let offset = after
  for (let left = limit; left > 0; ) {
    const page = await pageAfter(channel, offset, Math.min(left, PAGE))
    page.messages.forEach(print)
    left -= page.messages.length
    offset = page.messages.at(-1)?.offset ?? offset
    if (!page.more) return
  }
}

/** What is no longer kept is passed over: whoever asks for a part of the past takes what there is. */
async function pageAfter(channel: UntypedChannel, after: number, limit: number) {
  try {
    return await channel.history({ after, limit })
  } catch (failure) {
    const to = isMagpieError(failure) && failure.code === "UNRECOVERABLE" ? failure.details?.to : undefined
    if (typeof to !== "number") throw failure
    return channel.history({ after: to, limit })
  }
}

async function readBefore(channel: UntypedChannel, before: number | undefined, limit: number): Promise<readonly Received[]> {
  const pages: (readonly Received[])[] = []
  let offset = before
  for (let left = limit; left > 0; ) {
    const page = await channel.history({ ...(offset === undefined ? undefined : { before: offset }), limit: Math.min(left, PAGE) })
    pages.push(page.messages)
    left -= page.messages.length
    offset = page.messages[0]?.offset
    if (!page.more || offset === undefined) break
  }
  return pages.reverse().flat()
}
