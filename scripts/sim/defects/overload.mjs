const SERVER = "packages/server/src"

/** @type {readonly import("../defects.mjs").Defect[]} */
export const OVERLOAD_DEFECTS = [
  {
    name: "broadcasts-shed-before-presence",
    breaks: "G6",
    file: `${SERVER}/flow/overload.ts`,
    find: 'const SHEDDING_ORDER = ["presence", "broadcasts",',
    replace: 'const SHEDDING_ORDER = ["broadcasts", "presence",',
  },
  {
    name: "shed-broadcasts-not-told",
    breaks: "G6",
    file: `${SERVER}/core/core.ts`,
    find: 'if (what === "broadcasts") hub.tellShed()',
    replace: 'if (what === "broadcasts") return',
  },
  {
    name: "shed-broadcasts-miscounted",
    breaks: "G6",
    file: `${SERVER}/kinds/broadcast-subscription.ts`,
    find: "const missed = shed - this.#seenShed\n",
    replace: "const missed = shed - this.#seenShed + 1\n",
  },
]
