// Tables and the line below them, in the two languages of the pages.

/** @typedef {"en" | "zh-TW"} Language */
/** @typedef {{ readonly en: string, readonly "zh-TW": string }} Words */

/** @param {readonly string[]} head @param {readonly (readonly string[])[]} rows */
export function table(head, rows) {
  const line = (/** @type {readonly string[]} */ cells) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n")
}

/** `1,234`; of what is no whole number three digits. */
export function count(/** @type {number} */ value) {
  return value >= 1_000 || Number.isInteger(value) ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)))
}

/** One behind the other; Chinese puts no space between them. */
export function sentences(/** @type {readonly string[]} */ all, /** @type {Language} */ language) {
  return all.join(language === "en" ? " " : "")
}

/**
 * Where figures come from.
 * @param {{ command: string, date: string }} run
 * @param {{ node: string, cores: number, cpu: string } | undefined} machine
 * @param {Language} language
 */
export function source({ command, date }, machine, language) {
  const by = { en: `\`${command}\`, ${date}`, "zh-TW": `\`${command}\`，${date}` }
  if (machine === undefined) return language === "en" ? `${by.en}.` : `${by["zh-TW"]}。`
  const { node, cores, cpu } = machine
  return language === "en" ? `${by.en}; Node ${node}, ${cores} cores (${cpu}).` : `${by["zh-TW"]}；Node ${node}，${cores} 核心（${cpu}）。`
}
