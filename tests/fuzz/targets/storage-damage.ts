import { type Entry, StateMachine } from "@magpie/journal"
import { type ErrorCode, toJsonText } from "@magpie/protocol"
import { History } from "../../../packages/journal/src/history.ts"
import { attempt } from "../refusals.ts"
import { insist, type Target } from "../target.ts"
import { EPOCH, LATEST_MS, ROWS, storageWith } from "./stored-log.ts"

const REFUSALS: readonly ErrorCode[] = ["STORAGE_FENCED", "UNRECOVERABLE", "INVALID_OPTIONS"]
const CHANNELS = ["chat/long", "chat/whole", "short"]
const PAGE = { maxCount: 100, maxBytes: 1_000_000 }

const NEXT: readonly Entry[] = [
  {
    type: "publish",
    at: LATEST_MS,
    channel: "chat/long",
    pattern: "chat/:room",
    name: "say",
    data: toJsonText(1),
    producer: "ann/p1",
    sequence: 5,
  },
  { type: "publish", at: LATEST_MS, channel: "chat/whole", pattern: "chat/:room", name: "say", data: toJsonText(2), key: "user/3/ann/5" },
  { type: "clock", at: LATEST_MS + 10_000_000 },
]

/** Everything that the log holds, as it was written. */
const written = ROWS.filter(({ key }) => key.startsWith("m/")).map(({ value }) => new TextDecoder().decode(value))

/** A row of a storage whose bits went wrong: what is damaged is refused by name, and nothing of it is served [F107]. */
export const storageDamage: Target = {
  name: "storage-damage",
  share: 1,
  corpus: ROWS.map(({ value }, index) => Uint8Array.of(index, ...value)),
  maxLength: 4_096,
  async run(input) {
    const bytes = input as Uint8Array
    const row = ROWS[(bytes[0] ?? 0) % ROWS.length]
    insist(row !== undefined, "has a row for every number")
    const storage = await storageWith([{ key: row.key, value: bytes.slice(1) }])
    const history = new History(storage, EPOCH)
    const read = CHANNELS.map((channel) => outcome(() => served(history, channel)))
    const applied = outcome(() => {
      const machine = new StateMachine(storage)
      const results = NEXT.map((entry) => machine.apply(entry).outcome?.result)
      machine.endBatch(101)
      return results.join()
    })
    return `${read.join(" | ")} | ${applied}`
  },
}

function outcome(action: () => string): string {
  const done = attempt(REFUSALS, action)
  return "refusal" in done ? done.refusal : `accepted ${done.value}`
}

function served(history: History, channel: string): string {
  const { offset } = history.newest(channel)
  const { publications } = history.readBefore(channel, offset + 1, PAGE)
  for (const { data } of publications)
    insist(
      written.some((row) => row.includes(data)),
      "serves nothing that was not written",
    )
  return String(publications.length)
}
