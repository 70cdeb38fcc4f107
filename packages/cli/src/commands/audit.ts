import { readFileSync } from "node:fs"
import { resolve } from "node:path"
import { MagpieError } from "@magpie/protocol"
import { type AuditLine, verifyAudit } from "@magpie/server"
import { command, EXIT, flag, option, type Surroundings, text } from "../command.ts"

export const auditCommand = command({
  name: "audit",
  summary: "verify the signed record of who called which command",
  arguments: [{ name: "directory", about: "where the server writes its audit" }],
  options: {
    "public-key": option("file", "the public key, kept elsewhere than the audit; audit.pub beside it unless told", {
      short: "k",
      completes: "file",
      parse: text,
    }),
    head: option("line", "the head that an earlier verification told: finds out whether lines were cut from the end", { parse: text }),
    print: flag("print each line too", "p"),
  },
  notes: ["Ends with 1 where anything was changed, and says where."],
  async run({ options: { "public-key": keyFile, head, print }, arguments: [directory = ""], json, at }) {
    const show = (line: AuditLine): void => at.print(json ? JSON.stringify(line) : lineOf(line))
    const verdict = await verifyAudit({
      directory: resolve(at.cwd, directory),
      ...(keyFile === undefined ? undefined : { key: readKey(keyFile, at) }),
      ...(head === undefined ? undefined : { head }),
      ...(print ? { onLine: show } : undefined),
    })
    if (json) at.print(JSON.stringify(verdict))
    else {
      for (const { place, problem } of verdict.problems) at.print(`${at.style.bad("changed")} ${place}: ${problem}`)
      if (verdict.problems.length === 0) at.print(`${at.style.good("ok")} ${verdict.lines} lines, all signed`)
      if (verdict.head !== undefined) at.print(`head ${verdict.head}`)
    }
    return verdict.problems.length === 0 ? EXIT.done : EXIT.failed
  },
})

function lineOf({ n, at, event, channel, command: id, name, from, action, state, code }: AuditLine): string {
  const told = [channel, action, name, id, state, code].filter((field) => field !== undefined).map(String)
  const by = from === undefined ? "" : `by ${String(from)}`
  return [n, new Date(at).toISOString(), event, ...told, by].join(" ").trimEnd()
}

function readKey(file: string, at: Surroundings): string {
  try {
    return readFileSync(resolve(at.cwd, file), "utf8")
  } catch (cause) {
    throw new MagpieError("INVALID_OPTIONS", `--public-key: "${file}" cannot be read`, { cause })
  }
}
