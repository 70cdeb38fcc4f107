import { type Entry, type MemoryStorage, memoryStorage, StateMachine, type StorageRow } from "@magpie/journal"
import { toJsonText } from "@magpie/protocol"

export const EPOCH = "e1"
export const LATEST_MS = 60_000

const publish = (at: number, channel: string, more: object = {}): Entry => ({
  type: "publish",
  at,
  channel,
  pattern: "chat/:room",
  name: "say",
  data: toJsonText({ text: `${channel} 鵲橋 ${at}` }),
  ...more,
})

/** A log with something of everything: a whole channel, one that was trimmed, one that expired, producers, keys, refusals. */
function entries(): Entry[] {
  const retention = { "chat/:room": { maxCount: 20, maxAgeMs: 1_000_000 }, short: { maxCount: 5, maxAgeMs: 10_000 } }
  const log: Entry[] = [
    { type: "epoch", at: 1_000, epoch: EPOCH, reason: "created" },
    { type: "settings", at: 1_000, applyVersion: 1, deduplicationMs: 3_600_000, retention },
  ]
  for (let sequence = 1; sequence <= 40; sequence++) {
    const at = 2_000 + sequence * 100
    log.push(publish(at, "chat/long", { producer: "ann/p1", sequence, from: "ann", ref: `r${sequence}` }))
    if (sequence % 5 === 0) log.push(publish(at, "chat/whole", { key: `user/3/ann/${sequence}`, from: "ann" }))
    if (sequence % 10 === 0) log.push({ ...publish(at, "short"), pattern: "short" } as Entry)
  }
  log.push({ type: "refused", at: 7_000, channel: "chat/long", pattern: "chat/:room", producer: "ann/p1", sequence: 41, code: "FORBIDDEN" })
  log.push(publish(7_000, "chat/long", { producer: "ann/p1", sequence: 42, from: "ann" }))
  log.push({ type: "clock", at: LATEST_MS })
  return log
}

const machine = new StateMachine(memoryStorage())
for (const entry of entries()) machine.apply(entry)
const writes = machine.endBatch(100)

/** The rows of that log. */
export const ROWS: readonly StorageRow[] = writes.flatMap((write) =>
  "put" in write ? [{ key: write.put, value: write.value.slice() }] : [],
)

/** A storage with those rows, some of them replaced. */
export async function storageWith(replaced: readonly StorageRow[] = []): Promise<MemoryStorage> {
  const storage = memoryStorage()
  await storage.commit([...ROWS, ...replaced].map(({ key, value }) => ({ put: key, value })))
  return storage
}
