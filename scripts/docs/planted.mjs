// Which guarantee each planted defect breaks, and how soon the simulation told.
import { DEFECTS } from "../sim/defects.mjs"
import { count, sentences, source, table } from "./markdown.mjs"

/** @typedef {import("./parts.mjs").Part} Part */

const HEAD = { en: ["planted defect", "told by", "seeds until then"], "zh-TW": ["植入的缺陷", "由誰發現", "花了幾個種子"] }
const NOT_RUN = { en: "not run yet", "zh-TW": "尚未執行" }
const SURVIVED = { en: "**nobody**", "zh-TW": "**沒有人**" }

const BROKEN = [...new Set(DEFECTS.map(({ breaks }) => breaks))]

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
  ...Object.fromEntries(BROKEN.map((guarantee) => [`planted-${guarantee}`, defectsThatBreak(guarantee)])),
}

/** @returns {Part} */
function defectsThatBreak(/** @type {string} */ guarantee) {
  return ({ figures }, language) => {
    const { defects } = figures.planted()
    const planted = DEFECTS.filter(({ breaks }) => breaks === guarantee)
    const rows = planted.map(({ name }) => {
      const found = defects.find((defect) => defect.name === name)
      if (found === undefined) return [`\`${name}\``, NOT_RUN[language], ""]
      const { caught, invariants, medianSeeds } = found
      return [`\`${name}\``, caught ? invariants.join(", ") : SURVIVED[language], caught ? count(medianSeeds ?? 0) : ""]
    })
    return table(HEAD[language], rows)
  }
}
