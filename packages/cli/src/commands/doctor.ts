import { DEFAULT_LIMITS } from "@magpie/protocol"
import { type Call, command, EXIT, option, type Surroundings, text } from "../command.ts"
import { examineConfig, problemLine } from "../config/load.ts"
import type { Config } from "../config.ts"
import { CONNECTING } from "../connecting.ts"
import { lookAtCertificate } from "../doctor/certificate.ts"
import { lookAtClock } from "../doctor/clock.ts"
import { lookAtDisk } from "../doctor/disk.ts"
import { type Finding, looked } from "../doctor/finding.ts"
import { lookAtNode } from "../doctor/node-version.ts"
import { lookAtOpenFiles, openFilesLimit } from "../doctor/open-files.ts"
import { lookAtPort } from "../doctor/port.ts"
import { apiPrefix, DEFAULT_PORT, dataDirectory } from "../serve.ts"
import { assemblyProblems } from "./check.ts"
import { CONFIG_OPTION } from "./serve.ts"

const OPTIONS = {
  config: CONFIG_OPTION,
  url: option("url", "a server whose clock to compare with; the one on the configured port unless told", {
    short: "u",
    env: ["MAGPIE_URL"],
    parse: text,
  }),
  token: CONNECTING.token,
  key: CONNECTING.key,
}

export const doctorCommand = command({
  name: "doctor",
  summary: "find out whether this machine can serve: configuration, port, limits, certificate, clock, disk",
  options: OPTIONS,
  notes: ["Changes nothing. Ends with 1 where it finds a problem; a warning is none."],
  async run(call) {
    const { at, json } = call
    let problems = 0
    for await (const finding of findings(call)) {
      if (finding.state === "problem") problems += 1
      at.print(json ? JSON.stringify(finding) : findingLines(finding, at))
    }
    return problems === 0 ? EXIT.done : EXIT.failed
  },
})

async function* findings({ options, at }: Call<typeof OPTIONS>): AsyncGenerator<Finding> {
  yield lookAtNode(process.version)
  const examined = await looked("configuration", () => lookAtConfig(options.config, at))
  yield* examined
  const config = examined.every(({ state }) => state === "ok") ? await configOf(options.config, at) : {}
  const { port = DEFAULT_PORT, host, tls, path, limits } = config
  const web = `${tls === undefined ? "http" : "https"}://${host ?? "localhost"}:${port}`
  const prefix = apiPrefix(config)
  const answers = async (): Promise<boolean> => prefix !== undefined && isMagpie(`${web}${prefix}/health`)
  const { finding, runs } = await lookAtPort({ port, host, answers })
  yield finding
  yield lookAtOpenFiles(openFilesLimit(), limits?.connections ?? DEFAULT_LIMITS.connections)
  yield* await looked("certificate", () => [lookAtCertificate(tls, Date.now())])
  const url = options.url ?? (runs ? `${web.replace("http", "ws")}${path ?? "/magpie"}` : undefined)
  yield* await looked("clock", async () => [await lookAtClock({ url, token: options.token, key: options.key })])
  yield* await looked("disk", () => lookAtDisk(dataDirectory(config), () => performance.now()))
}

/** What of a configuration is looked at; nothing of one that is wrong. */
async function configOf(file: string | undefined, { cwd, env }: Surroundings): Promise<Partial<Config>> {
  return (await examineConfig({ file, cwd, env })).config as Config
}

async function lookAtConfig(given: string | undefined, { cwd, env }: Surroundings): Promise<readonly Finding[]> {
  const { config, file, problems: found } = await examineConfig({ file: given, cwd, env })
  const problems = found.length > 0 ? found : await assemblyProblems(config as Config)
  const about = "configuration"
  if (problems.length === 0) return [{ about, state: "ok", told: file ?? "none: open channels on this machine only" }]
  return problems.map((problem) => ({ about, state: "problem", told: problemLine(problem, file, cwd) }))
}

async function isMagpie(health: string): Promise<boolean> {
  try {
    const answer = await fetch(health, { signal: AbortSignal.timeout(2_000) })
    return ((await answer.json()) as { readonly status?: unknown }).status === "ok"
  } catch {
    return false
  }
}

function findingLines({ about, state, told, remedy }: Finding, { style }: Surroundings): string {
  const mark = {
    ok: style.good("ok      "),
    warning: style.bold("warning "),
    problem: style.bad("PROBLEM "),
    "not checked": style.faint("-       "),
  }[state]
  const line = `${mark}${about.padEnd(14)}${told}`
  return remedy === undefined ? line : `${line}\n${" ".repeat(22)}${remedy}`
}
