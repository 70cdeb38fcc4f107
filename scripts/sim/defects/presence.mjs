const SERVER = "packages/server/src"
const CLIENT = "packages/client/src"

/**
 * They break no guarantee with a number, but what presence promises (I20).
 * @type {readonly import("../defects.mjs").Defect[]}
 */
export const PRESENCE_DEFECTS = [
  {
    name: "presence-held-for-ever",
    breaks: "presence",
    file: `${SERVER}/presence/residents.ts`,
    find: "    wheel.watch(resident, leaseMs)\n",
    replace: "",
  },
  {
    name: "presence-ends-with-its-link",
    breaks: "presence",
    file: `${SERVER}/presence/residents.ts`,
    find: "      if (forGood) this.part(resident)\n      else this.#hold(resident)\n",
    replace: "      this.part(resident)\n",
  },
  {
    name: "presence-of-a-dead-node-kept",
    breaks: "presence",
    file: `${SERVER}/presence/room-link.ts`,
    find: "      if (set.confirmedAtMs >= beforeMs) continue\n",
    replace: "      continue\n",
  },
  {
    name: "presence-lost-on-the-bus-not-mended",
    breaks: "presence",
    file: `${SERVER}/presence/room-link.ts`,
    find: "      this.#options.ask(node, this.room.channel, 0, [])\n",
    replace: "",
  },
  {
    name: "presence-change-lost-in-a-turn",
    breaks: "presence",
    file: `${SERVER}/presence/change-set.ts`,
    find: "    if (change.after === undefined && !before) return\n    this.#set(",
    replace: "    if (change.after === undefined || !before) return\n    this.#set(",
  },
  {
    name: "presence-after-a-restart-taken-as-whole",
    breaks: "presence",
    file: `${CLIENT}/presence/watching.ts`,
    find: "    if (!this.#isSettling) this.#endSnapshot()",
    replace: "    this.#endSnapshot()",
  },
  {
    name: "presence-not-entered-on-a-new-link",
    breaks: "presence",
    file: `${CLIENT}/presence/own-presence.ts`,
    find: "    this.#isOnline = true\n    this.#asked = undefined\n",
    replace: "    this.#isOnline = true\n",
  },
]
