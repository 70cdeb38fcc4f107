const SERVER = "packages/server/src"

/** @type {readonly import("../defects.mjs").Defect[]} */
export const SERVER_DEFECTS = [
  {
    name: "slow-reader-not-held-back",
    breaks: "G6",
    file: `${SERVER}/kinds/stream-subscription.ts`,
    find: "if (!hasRoom || first !== state.reached + 1)",
    replace: "if (first !== state.reached + 1)",
  },
  {
    name: "unsubscribed-in-word-only",
    breaks: "G4",
    file: `${SERVER}/session/subscribing.ts`,
    find: "      connection.subscriptions.get(channel)?.end()\n      connection.subscriptions.delete(channel)\n      connection.send(",
    replace: "      connection.send(",
  },
  {
    name: "right-to-subscribe-not-asked",
    breaks: "G10",
    file: `${SERVER}/access/authorizer.ts`,
    find: "const answer = rule.authorize({",
    replace: 'const answer = action === "subscribe" || rule.authorize({',
  },
  {
    name: "refusal-of-one-user-held-against-the-next",
    breaks: "G11",
    file: `${SERVER}/access/authorizer.ts`,
    find: "        if (answer === true) return grant(connection, key)\n        if (!(answer instanceof Promise)) return false\n",
    replace:
      '        const its = rule as { refused?: string | undefined }\n        if (action === "publish" && answer === false) its.refused = key\n        const held = answer === true && its.refused === key\n        if (held) its.refused = undefined\n        if (answer === true && !held) return grant(connection, key)\n        if (!(answer instanceof Promise)) return false\n',
  },
  {
    name: "right-to-publish-not-asked",
    breaks: "G10",
    file: `${SERVER}/kinds/incoming.ts`,
    find: 'if (!yes) throw forbidden(message.channel, "publish")',
    replace: "",
  },
  {
    name: "ghost-of-a-session-goes-on-receiving",
    breaks: "G2",
    file: `${SERVER}/session/greeting.ts`,
    find: 'registry.opened(connection)?.close("REPLACED", REPLACED)',
    replace: "registry.opened(connection)",
  },
  {
    name: "half-open-links-kept-for-ever",
    breaks: "G5",
    file: `${SERVER}/session/liveness.ts`,
    find: "if (pingedAt !== undefined && nowMs - pingedAt >= pongTimeoutMs)",
    replace: "if (pingedAt !== undefined && nowMs < pingedAt)",
  },
  {
    name: "no-beacon-after-the-last-message",
    breaks: "G5",
    file: `${SERVER}/channel/live-channel.ts`,
    find: "    this.#context.onActive(this)\n",
    replace: "",
  },
  {
    name: "old-connections-close-forgets-the-new-one",
    breaks: "G2",
    file: `${SERVER}/session/registry.ts`,
    find: "if (map.get(key) === connection) map.delete(key)",
    replace: "map.delete(key)",
  },
  {
    name: "queues-longer-than-the-cap",
    breaks: "G6",
    file: `${SERVER}/flow/queue-budget.ts`,
    find: "return Math.min(this.#options.limits.queuedBytes, (",
    replace: "return Math.min(this.#options.limits.queuedBytes * 1.33, (",
  },
  {
    name: "drain-drops-what-was-taken",
    breaks: "G12",
    file: `${SERVER}/session/departure.ts`,
    find: "if (this.#connection.pendingPublishes === 0 && !this.#connection.isDeciding) this.close()",
    replace: "this.close()",
  },
]
