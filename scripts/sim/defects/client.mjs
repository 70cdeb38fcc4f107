const CLIENT = "packages/client/src"

/** @type {readonly import("../defects.mjs").Defect[]} */
export const CLIENT_DEFECTS = [
  {
    name: "hole-taken-for-the-next-message",
    breaks: "G4",
    file: `${CLIENT}/subscription/admit.ts`,
    find: 'return since <= reached.offset ? "next" : "hole"',
    replace: 'return "next"',
  },
  {
    name: "known-messages-given-again",
    breaks: "G2",
    file: `${CLIENT}/subscription/admit.ts`,
    find: 'if (offset <= reached.offset) return "known"',
    replace: 'if (offset < reached.offset) return "known"\n  if (offset === reached.offset) return "next"',
  },
  {
    name: "gap-not-told-after-a-resume",
    breaks: "G4",
    file: `${CLIENT}/subscription/subscription.ts`,
    find: "    if (gap) listeners.gap.emit(gap)\n",
    replace: "",
  },
  {
    name: "left-channel-comes-back",
    breaks: "G4",
    file: `${CLIENT}/subscription/subscription.ts`,
    find: '    if (current.state !== "live") return\n    if (wait.failures',
    replace: "    if (wait.failures",
  },
  {
    name: "beacon-and-pong-ignored",
    breaks: "G5",
    file: `${CLIENT}/subscription/subscription.ts`,
    find: "if (reached && isBehind(reached, newest)) fill()",
    replace: "",
  },
  {
    name: "sends-lost-with-their-link",
    breaks: "G2",
    file: `${CLIENT}/outbox/channel-queue.ts`,
    find: "    flying--\n    entry.flying = false\n",
    replace: "    flying--\n",
  },
  {
    name: "send-given-up-where-the-disk-failed",
    breaks: "G2",
    file: `${CLIENT}/outbox/channel-queue.ts`,
    find: "else if (reply.retryable) putOff(entry, reply)",
    replace: 'else if (reply.retryable && reply.code !== "STORAGE_FENCED") putOff(entry, reply)',
  },
  {
    name: "retry-under-a-new-number",
    breaks: "G2",
    file: `${CLIENT}/outbox/channel-queue.ts`,
    find: 'else if (code !== "RATE_LIMITED") entry.unsure = true',
    replace: 'else if (code === "UNAVAILABLE") entry.sequence = 0',
  },
  {
    name: "later-send-overtakes-an-earlier-one",
    breaks: "G3",
    file: `${CLIENT}/outbox/channel-queue.ts`,
    find: "const next = entries.find((entry) => !entry.flying)",
    replace: "const next = entries.findLast((entry) => !entry.flying)",
  },
  {
    name: "dead-links-not-noticed",
    breaks: "G5",
    file: `${CLIENT}/connection/heartbeat.ts`,
    find: "      else onDead()\n",
    replace: "",
  },
  {
    name: "timer-left-after-the-close",
    breaks: "G12",
    file: `${CLIENT}/connect.ts`,
    find: "    schedule.clear()\n",
    replace: "",
  },
  {
    name: "listener-removed-late",
    breaks: "G4",
    file: `${CLIENT}/subscription/subscription.ts`,
    find: '      transition({ state: "idle" }, new MagpieError("ABORTED", "the channel was unsubscribed"))\n      return new Promise((resolve) => {\n',
    replace:
      '      const end = () => transition({ state: "idle" }, new MagpieError("ABORTED", "the channel was unsubscribed"))\n      return new Promise<void>((done) => {\n        const resolve = () => {\n          end()\n          done()\n        }\n',
  },
  {
    name: "live-before-what-is-owed",
    breaks: "G4",
    file: `${CLIENT}/subscription/subscription.ts`,
    find: "    if (owed && position && asked !== owed && skips(owed, position)) {\n      start = { position: owed }\n      return sendAsk()\n    }\n",
    replace: "",
  },
  {
    name: "second-timer-beside-the-first",
    breaks: "presence",
    file: `${CLIENT}/schedule.ts`,
    find: "      after(delayMs, run) {\n        timer?.cancel()\n",
    replace: "      after(delayMs, run) {\n",
  },
]
