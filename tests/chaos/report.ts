import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus, release, totalmem } from "node:os"
import { pinned } from "./process/child.ts"
import type { Figure, Outcome } from "./scenario.ts"

/** One line a figure, for machines; the same shape as that of the benchmarks. */
export function jsonLine({ name, value, unit, peer, peerValue }: Figure): string {
  const ratio = peerValue === undefined || peerValue === 0 ? undefined : value / peerValue
  return JSON.stringify({ name, value: rounded(value), unit, peer: peer ?? null, peerValue: rounded(peerValue), ratio: rounded(ratio) })
}

function rounded(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(6))
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

export interface Machine {
  readonly node: string
  readonly cores: number
  readonly cpu: string
  readonly kernel: string
  readonly memoryGiB: number
  readonly pinned: boolean
}

export function thisMachine(): Machine {
  return {
    node: process.version,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    kernel: `${process.platform} ${release()}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    pinned,
  }
}

export function machineLine({ node, cores, cpu, kernel, pinned: apart }: Machine): string {
  return `Node ${node}, ${cores} cores (${cpu}), ${kernel}, ${apart ? "server on core 0, load on core 1" : "not pinned to cores"}`
}

/** Puts a scenario's results into the file that the pages are made from; the others' stay. */
export function writeRecord(file: string, name: string, command: string, { record, broken }: Outcome): void {
  const before = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as { readonly scenarios?: object }) : {}
  const date = new Date().toISOString().slice(0, 10)
  const scenarios = { ...before.scenarios, [name]: { date, command, held: broken.length === 0, ...record } }
  const short = (_key: string, value: unknown): unknown => (typeof value === "number" && !Number.isInteger(value) ? rounded(value) : value)
  writeFileSync(file, `${JSON.stringify({ date, machine: thisMachine(), scenarios }, short, 2)}\n`)
}
