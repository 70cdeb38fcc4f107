const JOURNAL = "packages/journal/src"

/** @type {readonly import("../defects.mjs").Defect[]} */
export const COMMANDS_DEFECTS = [
  {
    name: "begun-command-called-expired",
    breaks: "G9",
    file: `${JOURNAL}/state-machine/commands.ts`,
    find: 'row.runner === undefined ? "expired" : "indeterminate"',
    replace: '"expired"',
    commands: true,
  },
  {
    name: "repeated-call-runs-anew",
    breaks: "G9",
    file: `${JOURNAL}/state-machine/commands.ts`,
    find: "    if (before !== undefined) {\n      if (before.content",
    replace: "    if (before !== undefined && !isFinal(before.state)) {\n      if (before.content",
    commands: true,
  },
  {
    name: "commands-deadline-forgotten",
    breaks: "G9",
    file: `${JOURNAL}/state-machine/commands.ts`,
    find: "    this.#deadlines.set(row.dueAt,",
    replace: "    if (before === undefined || isFinal(row.state)) this.#deadlines.set(row.dueAt,",
    commands: true,
  },
]
