// For servers and tools: the log and what it stands on.

// For adapters: the ports, what implements them, and the suites that check an implementation.
export type {
  BrokerAdapter,
  BrokerCapabilities,
  BrokerRecord,
  BusBroker,
  BusConnection,
  JournalBroker,
  JournalConnection,
  RecordReader,
} from "./broker/broker.ts"
export type { BrokerBusOptions } from "./broker/broker-bus.ts"
export { brokerBus } from "./broker/broker-bus.ts"
export type { BrokerJournalOptions } from "./broker/broker-journal.ts"
export { brokerJournal } from "./broker/broker-journal.ts"
export type { LinkOptions, Live } from "./broker/link.ts"
export { Link } from "./broker/link.ts"
export { RecordQueue } from "./broker/record-queue.ts"
export type { Bus } from "./bus.ts"
export { MAX_BUS_MESSAGE_BYTES } from "./bus.ts"
export type { BusConformanceOptions, BusUnderTest } from "./bus-conformance.ts"
export { busConformance } from "./bus-conformance.ts"
export type { SharedLog } from "./cluster/open-shared-log.ts"
export { openSharedLog, partitionOf } from "./cluster/open-shared-log.ts"
export { decodeRecord } from "./cluster/record.ts"
export type { SharedLogOptions } from "./cluster/shared-log-options.ts"
export type { Snapshot, SnapshotPlace, SnapshotStore } from "./cluster/snapshot.ts"
export { memorySnapshots } from "./cluster/snapshot.ts"
export { chunksIn, decodeHead, encodeChunk, encodeHead, MAX_HEAD_BYTES } from "./cluster/snapshot-file.ts"
export type { SnapshotStoreConformanceOptions } from "./cluster/snapshot-store-conformance.ts"
export { snapshotStoreConformance } from "./cluster/snapshot-store-conformance.ts"
export type { PartitionStatistics, SharedLogStatistics } from "./cluster/statistics.ts"
export type { ClaimAnswer, Control, ControlChange, Fence, PresentNode, RevokeRequest } from "./control.ts"
export type {
  ChangeRequest,
  CommandRequest,
  CompactRequest,
  DurableLog,
  DurableLogSettings,
  MessageVersion,
  Outcome,
  Page,
  PageLimits,
  PublishRequest,
  RefuseRequest,
  ResumeAnswer,
  RowRequest,
} from "./durable-log.ts"
export type { EmbeddedJournalOptions } from "./embedded-journal.ts"
export { embeddedJournal } from "./embedded-journal.ts"
export type { Change, CommandStep, Entry, Origin, ReportedState, RowWrite } from "./entry.ts"
export type { Journal, JournalBatch, JournalCapabilities, JournalPlace, JournalReader, Tail } from "./journal.ts"
export type { JournalConformanceOptions } from "./journal-conformance.ts"
export { journalConformance } from "./journal-conformance.ts"
export type { JournalUnderTest } from "./journal-under-test.ts"
export type {
  GivenRecord,
  Neighbour,
  NeighbourLane,
  NeighbourReading,
  NeighbourRecord,
  NeighbourWriting,
} from "./neighbours/neighbour.ts"
export type { DurableLogOptions } from "./open-durable-log.ts"
export { openDurableLog } from "./open-durable-log.ts"
export type { OpenCommand } from "./read-commands.ts"
export type { KeyedRow, RowsPage } from "./read-rows.ts"
export type { ClaimValue, Proof, Revocation, RevocationTarget } from "./revocation.ts"
export { isRevokedBy, userOfRevocation } from "./revocation.ts"
export type { CommandCounts } from "./rows/channel-row.ts"
export type { CommandRow } from "./rows/command-row.ts"
export type { MessageRecord } from "./rows/message-row.ts"
export { markText, publicationOf } from "./rows/message-row.ts"
export type { TableRow } from "./rows/table-row.ts"
export { appended } from "./state-machine/append-data.ts"
export type { Applied } from "./state-machine/applied.ts"
export { MOST_COMPACTED } from "./state-machine/compaction.ts"
export { fieldsSince } from "./state-machine/row-fields.ts"
export { APPLY_VERSION, StateMachine } from "./state-machine/state-machine.ts"
export type { MemoryStorage, MemoryStorageOptions } from "./storage/memory-storage.ts"
export { memoryStorage } from "./storage/memory-storage.ts"
export type { RangeOptions, Storage, StorageRow, Write } from "./storage/storage.ts"
export type { StorageConformanceOptions, StorageUnderTest } from "./storage/storage-conformance.ts"
export { storageConformance } from "./storage/storage-conformance.ts"
