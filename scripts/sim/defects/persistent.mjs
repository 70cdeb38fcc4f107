const CLIENT = "packages/client/src"

/** @type {readonly import("../defects.mjs").Defect[]} */
export const PERSISTENT_DEFECTS = [
  {
    name: "used-numbers-not-kept",
    breaks: "G2",
    file: `${CLIENT}/persistent/outbox-book.ts`,
    find: "        rows.push([numbersKey(channel), numbers.get(channel)])\n",
    replace: "",
  },
  {
    name: "kept-sends-written-over",
    breaks: "G1",
    file: `${CLIENT}/persistent/outbox-book.ts`,
    find: "let places = kept.messages.at(-1)?.[0] ?? 0",
    replace: "let places = 0",
  },
]
