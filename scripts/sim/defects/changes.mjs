const JOURNAL = "packages/journal/src"
const CLIENT = "packages/client/src"

/** @type {readonly import("../defects.mjs").Defect[]} */
export const CHANGES_DEFECTS = [
  {
    name: "version-of-a-change-not-written",
    breaks: "G4",
    file: `${JOURNAL}/state-machine/changes.ts`,
    find: "kept: [], ...before, ...changed, version }",
    replace: "kept: [], ...before, ...changed, version: before?.version ?? version }",
  },
  {
    name: "changes-of-older-messages-not-replayed",
    breaks: "G4",
    file: `${JOURNAL}/changed-records.ts`,
    find: "  const record = recordAt(storage, row, pointer.offset)\n",
    replace: "  const record = undefined\n",
  },
  {
    name: "pointer-of-a-change-not-moved",
    breaks: "G4",
    file: `${JOURNAL}/state-machine/changes.ts`,
    find: "this.#pending.remove(messageKey(channel.messagePrefix, before.version))",
    replace: "this.#pending.remove(messageKey(channel.messagePrefix, version))",
  },
  {
    name: "append-not-numbered",
    breaks: "G2",
    file: `${CLIENT}/outbox/outbox.ts`,
    find: 'ask({ type: "publish", channel, ...entry.message, sequence }, "published", onReply)',
    replace:
      'ask({ type: "publish", channel, ...entry.message, ...(entry.message.name === "$change" ? undefined : { sequence }) }, "published", onReply)',
  },
]
