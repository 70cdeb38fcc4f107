// What `npm run sim` came to.
import { count, sentences, source, table } from "./markdown.mjs"

/** @typedef {import("./parts.mjs").Part} Part */

const HEADS = {
  totals: {
    en: ["seeds", "events", "operations", "faults that struck", "violations"],
    "zh-TW": ["種子", "事件", "操作", "擊中的故障", "違反"],
  },
  faults: { en: ["fault", "struck"], "zh-TW": ["故障", "擊中次數"] },
}

/** @type {Readonly<Record<string, Part>>} */
export const SIMULATION_PARTS = {
  simulation({ figures }, language) {
    const runs = figures.runs()
    const { firstSeed, seeds, steps, operations, faults, violations, hash, seconds } = runs
    const totals = table(HEADS.totals[language], [[seeds, steps, operations, faults, violations].map(count)])
    const [last, took] = [count(firstSeed + seeds - 1), count(seconds)]
    const about = {
      en: `Seeds ${count(firstSeed)} to ${last} in ${took} s; trace hash \`${hash}\`.`,
      "zh-TW": `種子 ${count(firstSeed)} 到 ${last}，耗時 ${took} 秒；軌跡雜湊 \`${hash}\`。`,
    }
    return `${totals}\n\n${sentences([about[language], source(runs, runs.machine, language)], language)}`
  },
  "simulation-faults"({ figures }, language) {
    const kinds = Object.entries(figures.runs().faultsByKind)
    const rows = kinds.sort(([, a], [, b]) => b - a).map(([kind, struck]) => [`\`${kind}\``, count(struck)])
    // Two kinds a line, so that the table is not longer than its page.
    const half = Math.ceil(rows.length / 2)
    const head = HEADS.faults[language]
    return table(
      [...head, ...head],
      rows.slice(0, half).map((row, index) => [...row, ...(rows[half + index] ?? ["", ""])]),
    )
  },
}
