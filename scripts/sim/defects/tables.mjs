const JOURNAL = "packages/journal/src"
const SERVER = "packages/server/src"

/** @type {readonly import("../defects.mjs").Defect[]} */
export const TABLES_DEFECTS = [
  {
    name: "expected-version-not-compared",
    breaks: "G2",
    file: `${JOURNAL}/state-machine/tables.ts`,
    find: "if (write.expected !== undefined && write.expected !== (live?.version ?? 0))",
    replace: "if (write.expected !== undefined && live === undefined && write.expected !== 0)",
    tables: true,
  },
  {
    name: "resume-of-a-table-off-by-one",
    breaks: "G4",
    file: `${SERVER}/kinds/table-subscription.ts`,
    find: "    this.#at = context.from ?? 0\n",
    replace: "    this.#at = context.from === undefined ? 0 : context.from + 1\n",
    tables: true,
  },
  {
    name: "writes-of-a-row-not-counted",
    breaks: "G6",
    file: `${JOURNAL}/state-machine/tables.ts`,
    find: "count: (before?.count ?? 0) + 1",
    replace: "count: before?.count ?? 1",
    tables: true,
  },
  {
    name: "last-write-of-a-burst-kept-back",
    breaks: "G6",
    file: `${SERVER}/kinds/table-subscription.ts`,
    find: "    if (this.#at >= table.newest && !this.#resets) return undefined\n",
    replace: "    if (this.#at >= table.newest - 1 && !this.#resets) return undefined\n",
    tables: true,
  },
]
