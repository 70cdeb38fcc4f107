import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { availableParallelism, cpus, release, totalmem } from "node:os"

/** Where figures were measured. */
export interface Machine {
  readonly node: string
  readonly cores: number
  readonly cpu: string
  readonly kernel: string
  readonly memoryGiB: number
}

export function thisMachine(): Machine {
  return {
    node: process.version,
    cores: availableParallelism(),
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    kernel: `${process.platform} ${release()}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
  }
}

/** The day, as records name it. */
export const today = (): string => new Date().toISOString().slice(0, 10)

/** What was typed to start this process by a script of package.json. */
export function commandOf(script: string, options: readonly string[] = process.argv.slice(2)): string {
  return [`npm run ${script}`, ...(options.length > 0 ? ["--", ...options] : [])].join(" ")
}

/** Six digits say as much as anybody can measure; what is no number is `null`. */
export function rounded(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : Number(value.toPrecision(6))
}

/** Changes a file that the pages are made from. `change` is given what it held, or nothing where there was none. */
export function changeRecord(file: string, change: (before: Readonly<Record<string, unknown>>) => object): void {
  const before: Readonly<Record<string, unknown>> = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {}
  const short = (_key: string, value: unknown): unknown => (typeof value === "number" && !Number.isInteger(value) ? rounded(value) : value)
  writeFileSync(file, `${JSON.stringify(change(before), short, 2)}\n`)
}
