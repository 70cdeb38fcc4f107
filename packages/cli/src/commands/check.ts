import { memoryStorage } from "@magpie/server"
import { command, EXIT } from "../command.ts"
import { type ConfigProblem, problemOf } from "../config/find-problems.ts"
import { examineConfig, problemLine } from "../config/load.ts"
import type { Config } from "../config.ts"
import { assemble } from "../serve.ts"
import { CONFIG_OPTION } from "./serve.ts"

export const checkCommand = command({
  name: "check",
  summary: "look over magpie.config.ts without serving",
  options: { config: CONFIG_OPTION },
  notes: ["Names every field that is wrong, with its line. Ends with 2 where there is one."],
  async run({ options, json, at }) {
    const { config, file, problems: found } = await examineConfig({ file: options.config, cwd: at.cwd, env: at.env })
    const problems = found.length > 0 ? found : await assemblyProblems(config as Config)
    for (const problem of problems) {
      const line = problemLine(problem, file, at.cwd)
      at.print(json ? JSON.stringify({ field: problem.field.join("."), problem: problem.problem, line }) : at.style.bad(line))
    }
    if (problems.length === 0 && !json) at.print(`${at.style.good("ok")} ${file ?? "the default configuration"}`)
    return problems.length === 0 ? EXIT.done : EXIT.usage
  },
})

/** What the server itself says of it, without a port, a disk and a broker. */
export async function assemblyProblems({
  journal: _journal,
  bus: _bus,
  snapshots: _snapshots,
  audit: _audit,
  ...config
}: Config): Promise<readonly ConfigProblem[]> {
  try {
    await assemble(config, { storage: memoryStorage(), log: () => {} }).close({ spreadMs: 0 })
    return []
  } catch (failure) {
    return [problemOf(failure, config.contract)]
  }
}
