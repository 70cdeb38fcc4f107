// What a benchmark gives back, and how it is shown.

/**
 * @typedef {object} Figure one line of the results
 * @property {string} name
 * @property {number} value
 * @property {string} unit
 * @property {string} [peer]
 * @property {number} [peerValue]
 * @property {number} [ratio] value / peerValue
 * @property {Owed} [owed]
 *
 * @typedef {{ of: "ratio" | "value", atLeast: number } | { of: "ratio" | "value", atMost: number }} Owed
 */

/** @param {readonly number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  if (sorted.length === 0) throw new Error("no values")
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * The medians of both and their ratio.
 * @param {{ name: string, unit: string, values: readonly number[], peer?: string, peerValues?: readonly number[], owed?: Owed }} given
 * @returns {Figure}
 */
export function figure({ name, unit, values, peer, peerValues, owed }) {
  const value = median(values)
  const peerValue = peerValues === undefined ? undefined : median(peerValues)
  return {
    name,
    value,
    unit,
    ...(peerValue === undefined ? {} : { peer, peerValue, ratio: value / peerValue }),
    ...(owed === undefined ? {} : { owed }),
  }
}

/** Undefined where nothing is owed. */
export function isReached(/** @type {Figure} */ { owed, value, ratio }) {
  if (owed === undefined) return undefined
  const measured = (owed.of === "ratio" ? ratio : value) ?? Number.NaN
  return "atLeast" in owed ? measured >= owed.atLeast : measured <= owed.atMost
}

/** One line a figure, for machines. */
export function jsonLine(/** @type {Figure} */ { name, value, unit, peer = null, peerValue = null, ratio = null }) {
  return JSON.stringify({ name, value: rounded(value), unit, peer, peerValue: rounded(peerValue), ratio: rounded(ratio) })
}

const COLUMNS = ["figure", "Magpie", "unit", "peer", "peer's", "ratio", "owed"]

function cells(/** @type {Figure} */ figure) {
  const { name, value, unit, peer, peerValue, ratio, owed } = figure
  const bound = owed === undefined ? "" : "atLeast" in owed ? `≥ ${owed.atLeast}` : `≤ ${owed.atMost}`
  const verdict = isReached(figure) === false ? " NOT REACHED" : ""
  const what = owed?.of === "ratio" ? " ×" : ""
  return [
    name,
    shown(value),
    unit,
    peer ?? "",
    shown(peerValue),
    ratio === undefined ? "" : `${shown(ratio)} ×`,
    `${bound}${what}${verdict}`,
  ]
}

/** A table for people. */
export function textTable(/** @type {readonly Figure[]} */ figures) {
  const rows = [COLUMNS, ...figures.map(cells)]
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  return rows
    .map((row) =>
      row
        .map((cell, column) => pad(cell, widths[column], column))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

/** Numbers stand to the right. */
function pad(/** @type {string} */ cell, /** @type {number} */ width, /** @type {number} */ column) {
  return column === 1 || column === 4 || column === 5 ? cell.padStart(width) : cell.padEnd(width)
}

export function markdownTable(/** @type {readonly Figure[]} */ figures) {
  const line = (/** @type {readonly string[]} */ row) => `| ${row.join(" | ")} |`
  const rule = COLUMNS.map((_, column) => (column === 1 || column === 4 || column === 5 ? "---:" : "---"))
  return [line(COLUMNS), line(rule), ...figures.map((figure) => line(cells(figure)))].join("\n")
}

function shown(/** @type {number | undefined} */ value) {
  if (value === undefined) return ""
  return value >= 1_000 ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)))
}

function rounded(/** @type {number | null} */ value) {
  return value === null ? null : Number(value.toPrecision(6))
}
