// Which guarantee each planted defect breaks, and how soon the simulation told.
import { DEFECTS } from "../sim/defects.mjs"
import { count, sentences, source, table } from "./markdown.mjs"

/** @typedef {import("./parts.mjs").Part} Part */

const HEAD = {
  en: ["planted defect", "told by", "seeds until then", "run on"],
  "zh-TW": ["植入的缺陷", "由誰發現", "花了幾個種子", "執行日期"],
}
const NOT_RUN = { en: "not run yet", "zh-TW": "尚未執行" }
const NOBODY = { en: "**nobody**", "zh-TW": "**沒有人**" }
const NOT_ALWAYS = { en: "**not in each run**", "zh-TW": "**並非每次執行都抓到**" }

const BROKEN = [...new Set(DEFECTS.map(({ breaks }) => breaks))]

/**
 * The defects of today's list that were run, and how many of them were caught.
 * @param {import("./figures.mjs").Figures} figures
 */
export function plantedRows(figures) {
  const names = new Set(DEFECTS.map(({ name }) => name))
  const runs = figures.planted()
  const rows = runs.flatMap(({ defects, ...run }) => defects.filter(({ name }) => names.has(name)).map((defect) => ({ ...defect, run })))
  return { known: names.size, rows, caught: rows.filter(({ caught }) => caught).length }
}

/** @typedef {ReturnType<typeof plantedRows>["rows"][number]} Row */

/** @type {Readonly<Record<string, Part>>} */
export const PLANTED_PARTS = {
  planted({ figures }, language) {
    const { known, rows, caught } = plantedRows(figures)
    const most = Math.max(0, ...rows.map(({ medianSeeds }) => medianSeeds ?? 0))
    const told = {
      en: `${rows.length} of ${known} planted defects were run, and ${caught} of them caught, each after at most ${count(most)} seeds (the median of three runs).`,
      "zh-TW": `已執行 ${known} 個植入缺陷中的 ${rows.length} 個，其中 ${caught} 個被抓到，每個最多花 ${count(most)} 個種子（三次執行的中位數）。`,
    }
    return sentences([told[language], ...sourcesOf(rows, language)], language)
  },
  ...Object.fromEntries(BROKEN.map((guarantee) => [`planted-${guarantee}`, defectsThatBreak(guarantee)])),
}

/**
 * Where the rows come from; runs that differ only in the one defect that they were told to plant are told together.
 * @param {readonly Row[]} rows
 * @param {import("./markdown.mjs").Language} language
 */
function sourcesOf(rows, language) {
  /** @type {Map<string, number>} */
  const counts = new Map()
  for (const { name, run } of rows) {
    const command = run.command.replace(`--only ${name}`, "--only NAME")
    const seeds = run.firstSeeds.map(count).join(", ")
    const from = { en: `from the seeds ${seeds} on: `, "zh-TW": `從種子 ${seeds} 起：` }
    const text = from[language] + source({ ...run, command }, run.machine, language)
    counts.set(text, (counts.get(text) ?? 0) + 1)
  }
  return [...counts].map(([text, many]) => (language === "en" ? `${many} ${text}` : `其中 ${many} 個${text}`))
}

/** @returns {Part} */
function defectsThatBreak(/** @type {string} */ guarantee) {
  return ({ figures }, language) => {
    const { rows } = plantedRows(figures)
    const planted = DEFECTS.filter(({ breaks }) => breaks === guarantee)
    return table(
      HEAD[language],
      planted.map(({ name }) => {
        const found = rows.find((row) => row.name === name)
        if (found === undefined) return [`\`${name}\``, NOT_RUN[language], "", ""]
        const { caught, invariants, medianSeeds, run } = found
        const told = caught ? invariants.join(", ") : (invariants.length > 0 ? NOT_ALWAYS : NOBODY)[language]
        return [`\`${name}\``, told, caught ? count(medianSeeds ?? 0) : "", run.date]
      }),
    )
  }
}
