import { createInterface } from "node:readline"
import type { Style, Surroundings } from "./command.ts"

const plain = (words: string): string => words
const painted =
  (code: number) =>
  (words: string): string =>
    `\u001b[${code}m${words}\u001b[0m`

const PLAIN: Style = { bold: plain, good: plain, bad: plain, faint: plain }
const COLOURED: Style = { bold: painted(1), good: painted(32), bad: painted(31), faint: painted(2) }

/** Colour only where a terminal shows it and nobody asked for none (https://no-color.org). */
export function styleFor(env: Surroundings["env"], isTerminal: boolean): Style {
  return isTerminal && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb" ? COLOURED : PLAIN
}

/** This process. */
export function surroundings(): Surroundings {
  const stopping = new AbortController()
  let watching = false
  return {
    env: process.env,
    cwd: process.cwd(),
    print: (line) => void process.stdout.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
    style: styleFor(process.env, process.stdout.isTTY),
    lines: () => createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }),
    get stopped() {
      // From the first time that somebody wants to know: a command that does not ask ends by its signals as any process.
      if (!watching) for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stopping.abort())
      watching = true
      return stopping.signal
    },
  }
}
