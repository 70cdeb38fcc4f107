import { journalConformance } from "@magpie/journal"
import { test } from "vitest"
import { KINDS, withBroker } from "./brokers.ts"
import { journalOn } from "./journal-bed.ts"

for (const kind of KINDS) {
  await withBroker(kind, "the journal", (broker) => {
    journalConformance({
      test,
      create: () => journalOn(kind, broker()),
      write: (value) => Uint8Array.of(value),
      read: (record) => record[0] ?? 0,
    })
  })
}
