// Which guarantee each planted defect breaks, and how soon the simulation told.
import { count, sentences, source, table } from "./markdown.mjs"

/** @typedef {import("./parts.mjs").Part} Part */

/**
 * By the guarantee that it breaks first, or `presence` (I20), each defect of scripts/sim/defects.mjs. A test holds the two lists together.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const BREAKS = {
  G1: ["acknowledged-before-the-flush", "retry-after-a-failed-flush", "batch-cut-into-two-commits"],
  G2: [
    "sequences-not-persisted",
    "key-not-remembered",
    "producer-shared-by-all-users",
    "old-connections-close-forgets-the-new-one",
    "ghost-of-a-session-goes-on-receiving",
    "sends-lost-with-their-link",
    "send-given-up-where-the-disk-failed",
    "retry-under-a-new-number",
    "known-messages-given-again",
  ],
  G3: ["gap-in-a-producers-numbers-taken", "later-send-overtakes-an-earlier-one"],
  G4: [
    "old-copy-keeps-its-epoch",
    "epoch-ignored-on-resume",
    "lost-log-taken-for-the-same",
    "resume-off-by-one",
    "history-trimmed-one-too-far",
    "gap-told-one-too-short",
    "gap-not-told-after-a-resume",
    "hole-in-front-of-a-gap-not-seen",
    "hole-taken-for-the-next-message",
    "unsubscribed-in-word-only",
    "left-channel-comes-back",
    "late-link-speaks-for-the-new-one",
  ],
  G5: ["no-beacon-after-the-last-message", "beacon-and-pong-ignored", "half-open-links-kept-for-ever", "dead-links-not-noticed"],
  G6: ["slow-reader-not-held-back"],
  G10: ["right-to-subscribe-not-asked", "right-to-publish-not-asked"],
  G11: ["refusal-of-one-user-held-against-the-next"],
  G12: ["timer-left-after-the-close"],
  presence: [
    "presence-held-for-ever",
    "presence-ends-with-its-link",
    "presence-of-a-dead-node-kept",
    "presence-lost-on-the-bus-not-mended",
    "presence-of-the-older-link-shown",
    "presence-change-lost-in-a-turn",
    "presence-after-a-restart-taken-as-whole",
    "presence-not-entered-on-a-new-link",
  ],
}

const HEAD = { en: ["planted defect", "told by", "seeds until then"], "zh-TW": ["植入的缺陷", "由誰發現", "花了幾個種子"] }
const NOT_RUN = { en: "not run yet", "zh-TW": "尚未執行" }
const SURVIVED = { en: "**nobody**", "zh-TW": "**沒有人**" }

/** @type {Readonly<Record<string, Part>>} */
export const PLANTED_PARTS = {
  planted({ figures }, language) {
    const run = figures.planted()
    const { known, planted, caught } = run
    const most = Math.max(0, ...run.defects.map(({ medianSeeds }) => medianSeeds ?? 0))
    const told = {
      en: `${planted} of ${known} planted defects were run, and ${caught} of them caught, each after at most ${count(most)} seeds (the median of three runs).`,
      "zh-TW": `已執行 ${known} 個植入缺陷中的 ${planted} 個，其中 ${caught} 個被抓到，每個最多花 ${count(most)} 個種子（三次執行的中位數）。`,
    }
    return sentences([told[language], source(run, run.machine, language)], language)
  },
  ...Object.fromEntries(Object.entries(BREAKS).map(([guarantee, names]) => [`planted-${guarantee}`, defectsOf(names)])),
}

/** @returns {Part} */
function defectsOf(/** @type {readonly string[]} */ names) {
  return ({ figures }, language) => {
    const { defects } = figures.planted()
    const rows = names.map((name) => {
      const found = defects.find((defect) => defect.name === name)
      if (found === undefined) return [`\`${name}\``, NOT_RUN[language], ""]
      const { caught, invariants, medianSeeds } = found
      return [`\`${name}\``, caught ? invariants.join(", ") : SURVIVED[language], caught ? count(medianSeeds ?? 0) : ""]
    })
    return table(HEAD[language], rows)
  }
}
