// For servers and tools: the log and what it stands on.

export type {
  DurableLog,
  DurableLogSettings,
  Outcome,
  Page,
  PageLimits,
  PublishRequest,
  RefuseRequest,
  ResumeAnswer,
} from "./durable-log.ts"
// For adapters: the ports, what implements them, and the suites that check an implementation.
export type { EmbeddedJournalOptions } from "./embedded-journal.ts"
export { embeddedJournal } from "./embedded-journal.ts"
export type { ClockEntry, Entry, EpochEntry, PublishEntry, RefusedEntry, SettingsEntry } from "./entry.ts"
export type { Journal, JournalBatch, JournalCapabilities, Tail } from "./journal.ts"
export type { DurableLogOptions } from "./open-durable-log.ts"
export { openDurableLog } from "./open-durable-log.ts"
export type { Applied } from "./state-machine/state-machine.ts"
export { APPLY_VERSION, StateMachine } from "./state-machine/state-machine.ts"
export type { MemoryStorage, MemoryStorageOptions } from "./storage/memory-storage.ts"
export { memoryStorage } from "./storage/memory-storage.ts"
export type { RangeOptions, Storage, StorageRow, Write } from "./storage/storage.ts"
export type { StorageConformanceOptions, StorageUnderTest } from "./storage/storage-conformance.ts"
export { storageConformance } from "./storage/storage-conformance.ts"
