import { CHANGE, type Publication, READ } from "@magpie/protocol"
import { expect } from "vitest"
import type { History } from "../history.ts"
import { type ChangeableChannel, firstOffset, type ReferenceMessage, standing } from "./reference-changes.fixture.ts"
import { same } from "./reference-log.fixture.ts"

const ALL = { maxCount: 10_000, maxBytes: 1_000_000 }

/** Insists that a channel reads as the reference has it: forwards with what changed, backwards the messages alone. */
export function checkChannel(history: History, name: string, channel: ChangeableChannel): void {
  const { messages, pointers, newest, receipts } = channel
  const first = firstOffset(channel)
  const forwards = history.readAfter(name, first - 1, ALL).publications
  let reached = first - 1
  for (const [index, { offset }] of standing(channel).entries()) {
    const publication = forwards[index]
    same([publication?.offset, publication?.since], [offset, offset === reached + 1 ? undefined : reached])
    expect(publication?.mark).toBe(channel.marks.get(offset))
    reached = offset
  }
  same([forwards.length, reached], [messages.length + pointers.length, newest])
  const backwards = history.readBefore(name, newest + 1, ALL)
  same([backwards.publications.map(shown), backwards.more], [messages.map(expected), false])
  for (const publication of forwards.filter(({ name: message }) => message === CHANGE)) {
    const { action, offset, record } = JSON.parse(publication.data)
    const message = messages.find((each) => each.offset === offset)
    same([action, record?.changed?.version], message === undefined ? ["gone", undefined] : ["changed", message.version])
  }
  same(forwards.filter(({ name: message }) => message === READ).length, receipts.size)
  same(
    history.receipts(name, "", 100).map(({ user, upTo }) => [user, upTo]),
    [...receipts].map(([user, { upTo }]) => [user, upTo]).sort(),
  )
  for (const { offset, earlier } of messages)
    same(
      history.versions(name, offset).map(({ version, data }) => ({ version, data })),
      earlier,
    )
  checkPages(history, name, forwards, backwards.publications)
}

/** Page by page it is the same. */
function checkPages(history: History, name: string, forwards: readonly Publication[], backwards: readonly Publication[]): void {
  const offsets: number[] = []
  let after = (forwards[0]?.offset ?? 1) - 1
  for (let more = forwards.length > 0; more; ) {
    const page = history.readAfter(name, after, { maxCount: 3, maxBytes: 1_000_000 })
    offsets.push(...page.publications.map(({ offset }) => Number(offset)))
    after = offsets.at(-1) ?? 0
    more = page.more
  }
  same(
    offsets,
    forwards.map(({ offset }) => offset),
  )
  const found: number[] = []
  let before = Number.MAX_SAFE_INTEGER
  for (let more = backwards.length > 0; more; ) {
    const page = history.readBefore(name, before, { maxCount: 4, maxBytes: 1_000_000 })
    found.unshift(...page.publications.map(({ offset }) => Number(offset)))
    before = found[0] ?? 0
    more = page.more
  }
  same(
    found,
    backwards.map(({ offset }) => offset),
  )
}

function shown({ offset, at, data, changed }: Publication): unknown {
  const { version = offset, edited, appended, deleted, reactions = [] } = changed === undefined ? {} : JSON.parse(changed)
  const given = reactions.map(({ name, count, users }: { name: string; count: number; users: readonly string[] }) => [name, count, users])
  return { offset, at, data, version, edits: edited?.count ?? 0, appends: appended?.count ?? 0, isDeleted: deleted !== undefined, given }
}

function expected({ offset, at, name, data, version, edits, appends, isDeleted, reactions }: ReferenceMessage): unknown {
  const said = isDeleted ? JSON.stringify({ name }) : data
  return {
    offset,
    at,
    data: said,
    version,
    edits,
    appends,
    isDeleted,
    given: [...reactions].map(([each, users]) => [each, users.length, users]),
  }
}
