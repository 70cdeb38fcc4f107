import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { basename, dirname, join, relative, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { MagpieError } from "@magpie/protocol"
import { command, EXIT } from "../command.ts"
import { VERSION } from "../version.ts"

const TEMPLATE = fileURLToPath(new URL("../../template/", import.meta.url))
/** A package cannot hold a file of that name, so the template calls it otherwise. */
const RENAMED: Readonly<Record<string, string>> = { gitignore: ".gitignore" }

export const initCommand = command({
  name: "init",
  summary: "begin a project: contract, server, page and a test",
  arguments: [{ name: "directory", about: "where; this one unless told", optional: true }],
  options: {},
  notes: ["Overwrites nothing."],
  async run({ arguments: [given = "."], json, at }) {
    const directory = resolve(at.cwd, given)
    const files = filesOf(nameOf(directory))
    const taken = [...files.keys()].find((file) => existsSync(join(directory, file)))
    if (taken !== undefined)
      throw new MagpieError("INVALID_OPTIONS", `${join(given, taken)} exists already`, {
        remedy: "Choose an empty directory: nothing is overwritten.",
      })
    for (const [file, text] of files) {
      mkdirSync(dirname(join(directory, file)), { recursive: true })
      writeFileSync(join(directory, file), text, { flag: "wx" })
    }
    const enter = relative(at.cwd, directory)
    if (json) at.print(JSON.stringify({ directory, files: [...files.keys()] }))
    else
      at.print(
        [
          "",
          `  ${files.size} files are in ${directory}`,
          "",
          ...(enter === "" ? [] : [`  cd ${enter}`]),
          "  npm install",
          "  npm test",
          "  npm start",
          "",
        ].join("\n"),
      )
    return EXIT.done
  },
})

/** The template's files by their paths, with the project's name and the packages' version filled in. */
function filesOf(name: string): ReadonlyMap<string, string> {
  const entries = readdirSync(TEMPLATE, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return new Map(
    entries.map((entry) => {
      const file = join(entry.parentPath, entry.name)
      const text = readFileSync(file, "utf8").replaceAll("{{name}}", name).replaceAll("{{version}}", VERSION)
      const path = relative(TEMPLATE, file)
      return [RENAMED[path] ?? path, text]
    }),
  )
}

/** What npm takes as a package's name, and HTML as a text, of a directory's. */
function nameOf(directory: string): string {
  const name = basename(directory)
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+|[._-]+$/g, "")
  return name === "" ? "magpie-chat" : name
}
