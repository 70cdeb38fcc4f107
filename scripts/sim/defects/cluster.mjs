const CLUSTER = "packages/journal/src/cluster"

/** @type {readonly import("../defects.mjs").Defect[]} */
export const CLUSTER_DEFECTS = [
  {
    name: "lost-log-taken-for-the-same",
    breaks: "G4",
    file: `${CLUSTER}/partition-log.ts`,
    find: "const differs = again !== undefined && recordMark(again) !== mark",
    replace: "const differs = false",
  },
  {
    name: "loss-not-answered",
    breaks: "G4",
    file: `${CLUSTER}/opening.ts`,
    find: "if (epoch !== undefined && !known.has(epoch)) return",
    replace: "if (epoch !== undefined) return",
  },
  {
    name: "lost-state-dropped",
    breaks: "G4",
    file: `${CLUSTER}/partition-state.ts`,
    find: "lost && !this.#unproven]",
    replace: "false]",
  },
  {
    name: "node-behind-does-not-wait",
    breaks: "G4",
    file: `${CLUSTER}/open-shared-log.ts`,
    find: "return this.#barriers[this.#indexOf(channel)]?.pass()",
    replace: "return undefined",
  },
  {
    name: "stale-state-serves",
    breaks: "G1",
    file: `${CLUSTER}/partition-log.ts`,
    find: "this.#applied.place.position >= state.target) this.#opening.start()",
    replace: "this.#applied.place.position >= 0) this.#opening.start()",
  },
  {
    name: "timeout-taken-for-a-loss",
    breaks: "G2",
    file: `${CLUSTER}/appender.ts`,
    find: '      const error = isMagpieError(cause) && cause.code === "STORAGE_FENCED" ? cause : unknown(cause)',
    replace: '      const error = isMagpieError(cause) && cause.code === "STORAGE_FENCED" ? cause : new MagpieError("CONFLICT", "refused")',
  },
  {
    name: "snapshot-without-sequences",
    breaks: "G2",
    file: `${CLUSTER}/row-export.ts`,
    find: "!key.startsWith(LOCAL))",
    replace: '!key.startsWith(LOCAL) && !key.startsWith("p/"))',
  },
  {
    name: "log-trimmed-up-to-the-newest-snapshot",
    breaks: "G1",
    file: `${CLUSTER}/snapshots.ts`,
    find: "place.position - Math.floor(this.#every / 2) + 1)",
    replace: "place.position + 1)",
  },
  {
    name: "place-not-written",
    breaks: "G1",
    file: `${CLUSTER}/partition-state.ts`,
    find: "await this.storage.commit([...writes, this.#generations.placeWrite(place)])",
    replace: "await this.storage.commit(writes)",
  },
  {
    name: "failed-append-goes-behind-later-ones",
    breaks: "G2",
    file: `${CLUSTER}/appender.ts`,
    find: "        if (sent !== undefined) this.#settle(counter, sent, error)\n      }\n    }\n    if (this.#underWay",
    replace:
      '        if (sent === undefined) continue\n        if (error.code === "STORAGE_FENCED" || this.#refusal !== undefined) this.#settle(counter, sent, error)\n        else {\n          this.#sent.delete(counter)\n          this.#queue.push(sent)\n        }\n      }\n    }\n    if (this.#underWay',
  },
  {
    name: "log-behind-a-snapshot-not-read",
    breaks: "G1",
    file: `${CLUSTER}/partition-log.ts`,
    find: "    return this.#goOn(Math.max(1, place.position), isUnproven)\n",
    replace: "    return this.#goOn(this.#journalPlace.newest + 1, false)\n",
  },
]
