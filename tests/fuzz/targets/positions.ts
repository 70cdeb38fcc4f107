import type { Position, Publication } from "@magpie/protocol"
import { parseUp } from "@magpie/protocol"
import { History } from "../../../packages/journal/src/history.ts"
import { attempt } from "../refusals.ts"
import { insist, type Target, textTarget } from "../target.ts"
import { EPOCH, storageWith } from "./stored-log.ts"

const CHANNELS = ["chat/long", "chat/whole", "short", "chat/none"]
const PAGE = { maxCount: 7, maxBytes: 4_096 }

/** A client's position and cursor, as they come in subscribe and history, against a log: what is missing is said, never skipped. */
export async function createPositions(): Promise<Target> {
  const history = new History(await storageWith(), EPOCH)
  const known = CHANNELS.map((channel) => history.newest(channel))
  const corpus = CHANNELS.flatMap((channel, index) => [
    JSON.stringify({ type: "subscribe", id: 1, channel, position: known[index] }),
    JSON.stringify({ type: "subscribe", id: 1, channel, position: { epoch: EPOCH, offset: 3 } }),
    JSON.stringify({ type: "history", id: 1, channel, after: 2, limit: 5 }),
    JSON.stringify({ type: "history", id: 1, channel, before: 9, limit: 5 }),
  ])

  function resume(channel: string, position: Position): string {
    const newest = history.newest(channel)
    const answer = history.resume(channel, position)
    if (answer.answer === "unrecoverable") {
      insist(answer.position.offset === newest.offset, "names the newest position where a position is lost")
      return `unrecoverable ${answer.reason}`
    }
    insist(position.epoch === EPOCH && position.offset <= newest.offset, "goes on from a position of this log only")
    for (let { offset } = position; offset < newest.offset; ) {
      const page = history.readAfter(channel, offset, PAGE)
      insist(page.publications.length > 0, "gives everything after a position that it called recovered")
      offset = follows(offset, page.publications)
    }
    return "accepted"
  }

  function read(channel: string, after: number | undefined, before: number | undefined): string {
    const page = attempt(["UNRECOVERABLE"], () =>
      after === undefined ? history.readBefore(channel, before ?? Number.MAX_SAFE_INTEGER, PAGE) : history.readAfter(channel, after, PAGE),
    )
    if ("refusal" in page) return page.refusal
    const { publications } = page.value
    const first = publications[0]?.offset ?? 1
    follows(after ?? first - 1, publications)
    insist(before === undefined || (publications.at(-1)?.offset ?? 0) < before, "gives nothing from the cursor on where it reads before it")
    return `accepted ${publications.length}`
  }

  return textTarget({
    name: "position",
    share: 12,
    corpus,
    words: [...CHANNELS, EPOCH, '"offset":', '"after":', '"before":', '"mark":'],
    maxLength: 2_048,
    run(text) {
      const parsed = attempt(["BAD_REQUEST"], () => parseUp(jsonOf(text)))
      if ("refusal" in parsed) return parsed.refusal
      const message = parsed.value
      if (message.type === "subscribe") return message.position ? resume(message.channel, message.position) : "no position"
      return message.type === "history" ? read(message.channel, message.after, message.before) : message.type
    },
  })
}

/** Insists that the publications follow an offset without a hole; returns the last one's. */
function follows(offset: number, publications: readonly Publication[]): number {
  let last = offset
  for (const publication of publications) insist(publication.offset === ++last, "gives messages without a hole")
  return last
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
