import { type Command, EXIT, type Options, type Style } from "./command.ts"
import type { CommandEntry } from "./commands.ts"
import { COMMON, kebab } from "./parse-call.ts"

/** Two columns, the first as wide as it needs. */
function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(0, ...rows.map(([left]) => left.length)) + 2
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`.trimEnd())
}

/** What `magpie help` says. */
export function helpOfAll(commands: readonly CommandEntry[], version: string, style: Style): string {
  return [
    `${style.bold("magpie")} ${version}: real-time communication over WebSocket (鵲橋)`,
    "",
    `Usage: magpie <command> [options]`,
    "",
    ...columns(commands.map(({ name, summary }) => [name, summary])),
    "",
    "magpie help <command> says more. Every command takes --json.",
    `Exit codes: ${EXIT.done} done, ${EXIT.failed} failed, ${EXIT.usage} asked wrongly, by the call or its configuration.`,
    "Environment: NO_COLOR=1 for words without colour.",
  ].join("\n")
}

/** What `magpie help <command>` says. */
export function helpOf({ name, summary, arguments: words, options, notes }: Command, style: Style): string {
  const usage = words.map((word) => (word.optional ? `[${word.name}]` : `<${word.name}>`))
  return [
    `${style.bold(`magpie ${name}`)}: ${summary}`,
    "",
    `Usage: ${["magpie", name, ...usage, "[options]"].join(" ")}`,
    ...section(words.map((word) => [word.name, word.about] as const)),
    ...section(rowsOf({ ...options, ...COMMON })),
    ...(notes.length === 0 ? [] : ["", ...notes]),
  ].join("\n")
}

function section(rows: readonly (readonly [string, string])[]): readonly string[] {
  return rows.length === 0 ? [] : ["", ...columns(rows)]
}

function rowsOf(options: Options): readonly (readonly [string, string])[] {
  return Object.entries(options).map(([name, { short, value, about, env, several }]) => [
    `${short === undefined ? "    " : `-${short}, `}--${kebab(name)}${value === undefined ? "" : ` <${value}>`}`,
    [about, several ? "may be repeated" : "", env.length > 0 ? `${env.join(" or ")} does the same` : ""]
      .filter((part) => part !== "")
      .join("; "),
  ])
}
