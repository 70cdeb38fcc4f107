const JOURNAL = "packages/journal/src"

/** @type {readonly import("../defects.mjs").Defect[]} */
export const JOURNAL_DEFECTS = [
  {
    name: "acknowledged-before-the-flush",
    breaks: "G1",
    file: `${JOURNAL}/open-durable-log.ts`,
    find: "await this.#storage.commit(this.#writesOf(batch))",
    replace: "void this.#storage.commit(this.#writesOf(batch)).catch(() => {})",
  },
  {
    name: "batch-cut-into-two-commits",
    breaks: "G1",
    file: `${JOURNAL}/open-durable-log.ts`,
    find: "      await this.#storage.commit(this.#writesOf(batch))\n",
    replace:
      '      const writes = this.#writesOf(batch)\n      const rows = writes.filter((write) => "put" in write && write.put.startsWith("c/")).slice(1)\n      await this.#storage.commit(writes.filter((write) => !rows.includes(write)))\n      void this.#storage.commit(rows).catch(() => {})\n',
  },
  {
    name: "sequences-not-persisted",
    breaks: "G2",
    file: `${JOURNAL}/state-machine/sequences.ts`,
    find: "this.#pending.put(producerKey(producer.channelId, producer.producer), encodeProducerRow(this.#writer, producer))",
    replace: "encodeProducerRow(this.#writer, producer)",
  },
  {
    name: "gap-in-a-producers-numbers-taken",
    breaks: "G3",
    file: `${JOURNAL}/state-machine/sequences.ts`,
    find: 'if (sequence > producer.last) return { result: "out-of-order", expected: producer.last + 1 }',
    replace: 'if (sequence > producer.last) return "next"',
  },
  {
    name: "key-not-remembered",
    breaks: "G2",
    file: `${JOURNAL}/state-machine/streams.ts`,
    find: "const before = known === undefined || key === undefined ? undefined : this.#keys.find(known.id, key)",
    replace: "const before = undefined",
  },
  {
    name: "retry-after-a-failed-flush",
    breaks: "G1",
    file: `${JOURNAL}/open-durable-log.ts`,
    find: 'const refusedOnly = isMagpieError(cause) && cause.code === "UNAVAILABLE"',
    replace: "const refusedOnly = isMagpieError(cause)",
  },
  {
    name: "old-copy-keeps-its-epoch",
    breaks: "G4",
    file: `${JOURNAL}/open-durable-log.ts`,
    find: "decodeText(row) === storage.incarnation",
    replace: 'decodeText(row) !== ""',
  },
  {
    name: "history-trimmed-one-too-far",
    breaks: "G4",
    file: `${JOURNAL}/state-machine/history-trimmer.ts`,
    find: '      if (this.#leave(channel)) left++\n      channel.trimmedBy = "count"',
    replace:
      '      this.#pending.remove(messageKey(channel.messagePrefix, channel.first + 1))\n      if (this.#leave(channel)) left++\n      channel.trimmedBy = "count"',
  },
  {
    name: "resume-off-by-one",
    breaks: "G4",
    file: `${JOURNAL}/history.ts`,
    find: "    let reached = offset\n    let bytes = 0",
    replace: "    let reached = Math.min(offset + 1, row.newest - 1)\n    let bytes = 0",
  },
  {
    name: "epoch-ignored-on-resume",
    breaks: "G4",
    file: `${JOURNAL}/history.ts`,
    find: 'if (epoch !== this.#epoch || offset > (row?.newest ?? 0)) return "epoch"',
    replace: 'if (offset > (row?.newest ?? 0)) return "epoch"',
  },
  {
    name: "repetitions-of-an-origin-admitted",
    breaks: "G2",
    file: `${JOURNAL}/state-machine/origins.ts`,
    find: "if (counter <= known.counter) return false",
    replace: "",
  },
  {
    name: "channel-numbers-given-twice",
    breaks: "G11",
    file: `${JOURNAL}/state-machine/machine-state.ts`,
    find: "    this.nextChannelId = progress.nextChannelId\n",
    replace: "    this.nextChannelId = Math.max(1, progress.nextChannelId - 1)\n",
  },
  {
    name: "offset-taken-from-the-publish",
    breaks: "G3",
    file: `${JOURNAL}/state-machine/streams.ts`,
    find: "    const offset = channel.newest + 1\n",
    replace: "    const offset = (entry as { sequence?: number }).sequence ?? channel.newest + 1\n",
  },
]
