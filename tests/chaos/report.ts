import { pinned } from "./process/child.ts"
import { changeRecord, type Machine, rounded, thisMachine, today } from "./record.ts"
import type { Figure, Outcome } from "./scenario.ts"

/** One line a figure, for machines; the same shape as that of the benchmarks. */
export function jsonLine({ name, value, unit, peer, peerValue }: Figure): string {
  const ratio = peerValue === undefined || peerValue === 0 ? undefined : value / peerValue
  return JSON.stringify({ name, value: rounded(value), unit, peer: peer ?? null, peerValue: rounded(peerValue), ratio: rounded(ratio) })
}

/** A table for people; all but the first column stand to the right. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: readonly string[]): string =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  ")
  return rows.map((row) => line(row).trimEnd()).join("\n")
}

/** The figures one below the other. */
export function figureTable(figures: readonly Figure[]): string {
  return textTable([["figure", "value", "unit", "owed", "", "beside"], ...figures.map(figureRow)])
}

function figureRow({ name, value, unit, owed, peer, peerValue }: Figure): string[] {
  const bound = owed === undefined ? "" : `≤ ${shown(owed)}`
  return [
    name,
    shown(value),
    unit,
    bound,
    owed !== undefined && value > owed ? "NOT REACHED" : "",
    peerValue === undefined ? "" : `${peer} ${shown(peerValue)}`,
  ]
}

function shown(value: number): string {
  return value >= 1_000 || Number.isInteger(value) ? Math.round(value).toLocaleString("en") : String(Number(value.toPrecision(3)))
}

export function machineLine({ node, cores, cpu, kernel }: Machine): string {
  return `Node ${node}, ${cores} cores (${cpu}), ${kernel}, ${pinned ? "server on core 0, load on core 1" : "not pinned to cores"}`
}

/** Puts a scenario's results into the file that the pages are made from; the others' stay. */
export function writeRecord(file: string, name: string, command: string, { record, broken }: Outcome): void {
  changeRecord(file, ({ scenarios }) => {
    const its = { date: today(), command, held: broken.length === 0, ...record }
    return { date: today(), machine: { ...thisMachine(), pinned }, scenarios: { ...(scenarios as object | undefined), [name]: its } }
  })
}
