import type { LimitRow } from "./limit-row.ts"

/** What documents may take. A part of `LIMITS`. */
export const DOCUMENT_LIMITS = {
  documentUpdateBytes: {
    value: 45_056,
    unit: "bytes",
    answer: "TOO_LARGE",
    about: "one update of a document; as Base64 it has to fit into messageBytes",
  },
  documentAwarenessBytes: {
    value: 2_048,
    unit: "bytes",
    answer: "TOO_LARGE",
    about: "what one editor of a document shows of itself: its cursor, its name",
  },
  documentAwarenessClients: {
    value: 1_000,
    unit: "count",
    answer: "LIMIT_EXCEEDED",
    about: "editors who show themselves in one document",
  },
  documentTail: {
    value: 1_000,
    unit: "count",
    answer: "later",
    about: "updates of one document from which on they are joined in the background",
  },
  documentBytes: {
    value: 786_432,
    unit: "bytes",
    answer: "LIMIT_EXCEEDED",
    about: "a document's joined updates, as Base64, which have to fit into one entry of the log; beyond that they are not joined any more",
  },
  documentUpdates: {
    value: 50_000,
    unit: "count",
    answer: "LIMIT_EXCEEDED",
    about: "updates of one document that are not joined; then it can be read and no longer edited",
  },
  documentJoinMs: {
    value: 10_000,
    unit: "ms",
    answer: "later",
    about: "time that joining the updates of one document may take; after it the worker is ended, and they stay as they are",
  },
} as const satisfies Record<string, LimitRow>
