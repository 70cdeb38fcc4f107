import { existsSync, readFileSync } from "node:fs"
import { dirname, relative, resolve } from "node:path"
import { MagpieError } from "@magpie/protocol"
import { createJiti } from "jiti"
import { type Config, defaultConfig } from "../config.ts"
import { withEnvironment } from "./environment.ts"
import { type ConfigProblem, findProblems } from "./find-problems.ts"
import { lineOfField } from "./line-of-field.ts"

const CONFIG_FILES = ["magpie.config.ts", "magpie.config.js", "magpie.config.mjs"]

export interface LoadOptions {
  /** The configuration; undefined for the one in the working directory, or for the default one where there is none. */
  readonly file: string | undefined
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface LoadedConfig {
  readonly config: Config
  /** Undefined for the default configuration. */
  readonly file: string | undefined
}

/** Loads a configuration in TypeScript or JavaScript and checks it. Fails with INVALID_OPTIONS naming file, line and field. */
export async function loadConfig(options: LoadOptions): Promise<LoadedConfig> {
  const { config, file, problems } = await examineConfig(options)
  const [first, ...others] = problems.map((problem) => problemLine(problem, file, options.cwd))
  if (first === undefined) return { config: config as Config, file }
  throw new MagpieError("INVALID_OPTIONS", first, {
    details: { problems: [first, ...others] },
    remedy:
      others.length === 0
        ? "Correct it; `magpie check` looks over the configuration."
        : `Correct it; \`magpie check\` shows ${others.length} more.`,
  })
}

export interface ExaminedConfig {
  /** As it came out of the file and the environment; a Config where there are no problems. */
  readonly config: unknown
  readonly file: string | undefined
  readonly problems: readonly ConfigProblem[]
}

/** Loads a configuration and says everything that is wrong with it. Fails with INVALID_OPTIONS where it cannot be loaded. */
export async function examineConfig({ file: given, cwd, env }: LoadOptions): Promise<ExaminedConfig> {
  const name = given ?? CONFIG_FILES.find((one) => existsSync(resolve(cwd, one)))
  if (name === undefined) return { config: withEnvironment(defaultConfig(), env), file: undefined, problems: [] }
  const file = resolve(cwd, name)
  const loaded = await load(file, name)
  const config = typeof loaded === "object" && loaded !== null ? withEnvironment(loaded, env) : loaded
  const problems = findProblems(config)
  return { config, file, problems: problems.length > 0 ? problems : staticProblems(config as Config, file) }
}

/** `magpie.config.ts:12: limits.conections is no option; did you mean connections?` */
export function problemLine({ field, problem }: ConfigProblem, file: string | undefined, cwd: string): string {
  const said = [field.join("."), problem].filter((part) => part !== "").join(" ")
  if (file === undefined) return said
  const line = lineOfField(readFileSync(file, "utf8"), field)
  return `${relative(cwd, file) || file}${line === undefined ? "" : `:${line}`}: ${said}`
}

async function load(file: string, name: string): Promise<unknown> {
  try {
    return await createJiti(import.meta.url, { fsCache: false }).import(file, { default: true })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new MagpieError("INVALID_OPTIONS", `${name}: cannot be loaded: ${why}`, { cause })
  }
}

/** Where the pages of a configuration are. */
export function staticDirectory({ static: pages }: Config, file: string | undefined): string | undefined {
  return pages === undefined ? undefined : resolve(file === undefined ? "." : dirname(file), pages)
}

function staticProblems(config: Config, file: string): readonly ConfigProblem[] {
  const directory = staticDirectory(config, file)
  if (directory === undefined || existsSync(directory)) return []
  return [{ field: ["static"], problem: `names no directory that exists, ${directory}: build the pages first` }]
}
