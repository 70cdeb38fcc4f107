// Defects that the simulation must see, each as a change of one source. A test holds them to the sources as they are now.

/** @typedef {{ name: string, file: string, find: string, replace: string }} Defect */

const JOURNAL = "packages/journal/src"
const SERVER = "packages/server/src"
const CLIENT = "packages/client/src"

/** @type {readonly Defect[]} */
export const DEFECTS = [
  // The log.
  {
    name: "acknowledged-before-the-flush",
    file: `${JOURNAL}/open-durable-log.ts`,
    find: "await this.#storage.commit(this.#writesOf(batch))",
    replace: "void this.#storage.commit(this.#writesOf(batch)).catch(() => {})",
  },
  {
    name: "batch-cut-into-two-commits",
    file: `${JOURNAL}/open-durable-log.ts`,
    find: "      await this.#storage.commit(this.#writesOf(batch))\n",
    replace:
      '      const writes = this.#writesOf(batch)\n      const rows = writes.filter((write) => "put" in write && write.put.startsWith("c/")).slice(1)\n      await this.#storage.commit(writes.filter((write) => !rows.includes(write)))\n      void this.#storage.commit(rows).catch(() => {})\n',
  },
  {
    name: "sequences-not-persisted",
    file: `${JOURNAL}/state-machine/sequences.ts`,
    find: "this.#pending.put(producerKey(producer.channelId, producer.producer), encodeProducerRow(this.#writer, producer))",
    replace: "encodeProducerRow(this.#writer, producer)",
  },
  {
    name: "gap-in-a-producers-numbers-taken",
    file: `${JOURNAL}/state-machine/sequences.ts`,
    find: 'if (sequence > producer.last) return { result: "out-of-order", expected: producer.last + 1 }',
    replace: 'if (sequence > producer.last) return "next"',
  },
  {
    name: "key-not-remembered",
    file: `${JOURNAL}/state-machine/streams.ts`,
    find: "const known = channel === undefined ? undefined : this.#keys.find(channel.id, key)",
    replace: "const known = undefined",
  },
  {
    name: "retry-after-a-failed-flush",
    file: `${JOURNAL}/open-durable-log.ts`,
    find: 'const refusedOnly = isMagpieError(cause) && cause.code === "UNAVAILABLE"',
    replace: "const refusedOnly = isMagpieError(cause)",
  },
  {
    name: "old-copy-keeps-its-epoch",
    file: `${JOURNAL}/open-durable-log.ts`,
    find: "decodeText(row) === storage.incarnation",
    replace: 'decodeText(row) !== ""',
  },
  {
    name: "history-trimmed-one-too-far",
    file: `${JOURNAL}/state-machine/history-trimmer.ts`,
    find: '      channel.first++\n      channel.trimmedBy = "count"',
    replace:
      '      this.#pending.remove(messageKey(channel.messagePrefix, channel.first + 1))\n      channel.first++\n      channel.trimmedBy = "count"',
  },
  {
    name: "resume-off-by-one",
    file: `${JOURNAL}/history.ts`,
    find: "    let next = offset + 1\n    let bytes = 0",
    replace: "    let next = Math.min(offset + 2, row.newest)\n    let bytes = 0",
  },
  {
    name: "epoch-ignored-on-resume",
    file: `${JOURNAL}/history.ts`,
    find: 'if (epoch !== this.#epoch || offset > (row?.newest ?? 0)) return "epoch"',
    replace: 'if (offset > (row?.newest ?? 0)) return "epoch"',
  },
  {
    name: "lost-log-taken-for-the-same",
    file: `${JOURNAL}/cluster/partition-log.ts`,
    find: "const differs = again !== undefined && recordMark(again) !== mark",
    replace: "const differs = false",
  },
  // The server.
  {
    name: "slow-reader-not-held-back",
    file: `${SERVER}/kinds/stream-subscription.ts`,
    find: "if (!hasRoom || first !== state.reached + 1)",
    replace: "if (first !== state.reached + 1)",
  },
  {
    name: "gap-told-one-too-short",
    file: `${SERVER}/kinds/stream-subscription.ts`,
    find: "this.#state.cursor = hole.to\n",
    replace: "this.#state.cursor = hole.to + 1\n      position.offset++\n",
  },
  {
    name: "unsubscribed-in-word-only",
    file: `${SERVER}/session/subscribing.ts`,
    find: "      connection.subscriptions.get(channel)?.end()\n      connection.subscriptions.delete(channel)\n      connection.send(",
    replace: "      connection.send(",
  },
  {
    name: "right-to-subscribe-not-asked",
    file: `${SERVER}/access/authorizer.ts`,
    find: "const answer = rule.authorize({ user: identity.user, channel, params: match.params, action })",
    replace: 'const answer = action === "subscribe" || rule.authorize({ user: identity.user, channel, params: match.params, action })',
  },
  {
    name: "refusal-of-one-user-held-against-the-next",
    file: `${SERVER}/access/authorizer.ts`,
    find: "        if (answer === true) return grant(connection, key)\n        if (!(answer instanceof Promise)) return false\n",
    replace:
      '        const its = rule as { refused?: string | undefined }\n        const last = its.refused\n        its.refused = action === "publish" && answer === false ? key : undefined\n        if (answer === true && last !== key) return grant(connection, key)\n        if (!(answer instanceof Promise)) return false\n',
  },
  {
    name: "producer-shared-by-all-users",
    file: `${SERVER}/session/greeting.ts`,
    find: "connection.becomeOpen({ identity, session, producer: producer.bound, offered: hello?.session })",
    replace: "connection.becomeOpen({ identity, session, producer: producer.name, offered: hello?.session })",
  },
  {
    name: "right-to-publish-not-asked",
    file: `${SERVER}/kinds/incoming.ts`,
    find: 'if (!yes) throw forbidden(message.channel, "publish")',
    replace: "",
  },
  {
    name: "ghost-of-a-session-goes-on-receiving",
    file: `${SERVER}/session/greeting.ts`,
    find: 'registry.opened(connection)?.close("REPLACED", "another connection took this session over")',
    replace: "registry.opened(connection)",
  },
  {
    name: "half-open-links-kept-for-ever",
    file: `${SERVER}/session/liveness.ts`,
    find: "if (pingedAt !== undefined && nowMs - pingedAt >= pongTimeoutMs)",
    replace: "if (pingedAt !== undefined && nowMs < pingedAt)",
  },
  {
    name: "no-beacon-after-the-last-message",
    file: `${SERVER}/channel/live-channel.ts`,
    find: "    this.#context.onActive(this)\n",
    replace: "",
  },
  {
    name: "old-connections-close-forgets-the-new-one",
    file: `${SERVER}/session/registry.ts`,
    find: "if (map.get(key) === connection) map.delete(key)",
    replace: "map.delete(key)",
  },
  // The client.
  {
    name: "hole-taken-for-the-next-message",
    file: `${CLIENT}/subscription/admit.ts`,
    find: 'return offset === reached.offset + 1 ? "next" : "hole"',
    replace: 'return "next"',
  },
  {
    name: "known-messages-given-again",
    file: `${CLIENT}/subscription/admit.ts`,
    find: 'if (offset <= reached.offset) return "known"',
    replace: 'if (offset < reached.offset) return "known"\n  if (offset === reached.offset) return "next"',
  },
  {
    name: "gap-not-told-after-a-resume",
    file: `${CLIENT}/subscription/subscription.ts`,
    find: "    if (gap) listeners.gap.emit(gap)\n",
    replace: "",
  },
  {
    name: "hole-in-front-of-a-gap-not-seen",
    file: `${CLIENT}/subscription/subscription.ts`,
    find: "if (from > reached.offset + 1) return fill()",
    replace: "",
  },
  {
    name: "left-channel-comes-back",
    file: `${CLIENT}/subscription/subscription.ts`,
    find: '    if (current.state !== "live") return\n    if (wait.failures',
    replace: "    if (wait.failures",
  },
  {
    name: "beacon-and-pong-ignored",
    file: `${CLIENT}/subscription/subscription.ts`,
    find: "if (reached && isBehind(reached, newest)) fill()",
    replace: "",
  },
  {
    name: "sends-lost-with-their-link",
    file: `${CLIENT}/outbox/channel-queue.ts`,
    find: "    flying--\n    entry.flying = false\n",
    replace: "    flying--\n",
  },
  {
    name: "send-given-up-where-the-disk-failed",
    file: `${CLIENT}/outbox/channel-queue.ts`,
    find: "else if (reply.retryable) putOff(entry, reply)",
    replace: 'else if (reply.retryable && reply.code !== "STORAGE_FENCED") putOff(entry, reply)',
  },
  {
    name: "retry-under-a-new-number",
    file: `${CLIENT}/outbox/channel-queue.ts`,
    find: 'else if (code !== "RATE_LIMITED") entry.unsure = true',
    replace: 'else if (code === "UNAVAILABLE") entry.sequence = undefined',
  },
  {
    name: "later-send-overtakes-an-earlier-one",
    file: `${CLIENT}/outbox/channel-queue.ts`,
    find: "const next = entries.find((entry) => !entry.flying)",
    replace: "const next = entries.findLast((entry) => !entry.flying)",
  },
  {
    name: "dead-links-not-noticed",
    file: `${CLIENT}/connection/heartbeat.ts`,
    find: "      else onDead()\n",
    replace: "",
  },
  {
    name: "late-link-speaks-for-the-new-one",
    file: `${CLIENT}/connection/connection.ts`,
    find: "    link = undefined\n    attempt++\n",
    replace: "    link = undefined\n",
  },
  {
    name: "timer-left-after-the-close",
    file: `${CLIENT}/connect.ts`,
    find: "    schedule.clear()\n",
    replace: "",
  },
  // Presence.
  {
    name: "presence-held-for-ever",
    file: `${SERVER}/presence/residents.ts`,
    find: "    wheel.watch(resident, leaseMs)\n",
    replace: "",
  },
  {
    name: "presence-ends-with-its-link",
    file: `${SERVER}/presence/residents.ts`,
    find: "      if (forGood) this.part(resident)\n      else this.#hold(resident)\n",
    replace: "      this.part(resident)\n",
  },
  {
    name: "presence-of-a-dead-node-kept",
    file: `${SERVER}/presence/room-link.ts`,
    find: "      if (set.confirmedAtMs >= beforeMs) continue\n",
    replace: "      continue\n",
  },
  {
    name: "presence-lost-on-the-bus-not-mended",
    file: `${SERVER}/presence/room-link.ts`,
    find: "      this.#options.ask(node, this.room.channel, 0, [])\n",
    replace: "",
  },
  {
    name: "presence-of-the-older-link-shown",
    file: `${SERVER}/presence/claims.ts`,
    find: "best === undefined || claim.link > best.link ||",
    replace: "best === undefined || claim.link < best.link ||",
  },
  {
    name: "presence-change-lost-in-a-turn",
    file: `${SERVER}/presence/change-set.ts`,
    find: "    if (change.after === undefined && !earlier.before) return\n    this.#set(",
    replace: "    if (change.after === undefined || !earlier.before) return\n    this.#set(",
  },
  {
    name: "presence-after-a-restart-taken-as-whole",
    file: `${CLIENT}/presence/watching.ts`,
    find: "    if (!this.#isSettling) this.#endSnapshot()",
    replace: "    this.#endSnapshot()",
  },
  {
    name: "presence-not-entered-on-a-new-link",
    file: `${CLIENT}/presence/own-presence.ts`,
    find: "    this.#isOnline = true\n    this.#asked = undefined\n",
    replace: "    this.#isOnline = true\n",
  },
]
