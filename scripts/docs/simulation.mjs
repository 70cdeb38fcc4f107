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
  fuzz({ figures }, language) {
    const run = figures.fuzz()
    const [inputs, targets, failures, took] = [run.inputs, run.targets, run.failures, run.seconds].map(count)
    const [own, all] = [run.mostTimesTheLimit, run.mostTimesInAll].map(count)
    const told = {
      en: `${inputs} mutated inputs to ${targets} targets in ${took} s: ${failures} broken promises. From the heap at most ${own} times a limit beside what parsers build, and ${all} times with it.`,
      "zh-TW": `${inputs} 筆變造的輸入餵給 ${targets} 個目標，耗時 ${took} 秒：${failures} 個承諾被打破。除剖析器所建立的之外，至多從堆積取用限制的 ${own} 倍；連同在內為 ${all} 倍。`,
    }
    return sentences([told[language], source(run, run.machine, language)], language)
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
