import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

export const ROOT = fileURLToPath(new URL("..", import.meta.url))

/** A block of a document that is a file: its first line is a comment with a name, as `// server.ts` or `// client.ts: in a browser`. */
export interface Snippet {
  readonly name: string
  readonly text: string
}

const BLOCK = /^```(?:ts|tsx)\n([\s\S]*?)^```$/gm
const NAME = /^\/\/ ([\w./-]+\.tsx?)(?=$|[:：\s])/

/** The named TypeScript blocks of a document, in order. Blocks without a name are fragments and stand for themselves. */
export function snippetsOf(document: string): readonly Snippet[] {
  const markdown = readFileSync(join(ROOT, document), "utf8")
  return [...markdown.matchAll(BLOCK)].flatMap(([, text = ""]) => {
    const name = NAME.exec(text)?.[1]
    return name === undefined ? [] : [{ name, text }]
  })
}

/**
 * The states that a document leads its reader through: each time a file is written anew, the files so far are one state.
 * Every state has to hold by itself.
 */
export function statesOf(snippets: readonly Snippet[]): readonly ReadonlyMap<string, string>[] {
  const states: Map<string, string>[] = []
  let files = new Map<string, string>()
  let changed = false
  for (const { name, text } of snippets) {
    if (files.has(name)) {
      if (changed) states.push(files)
      files = new Map(files)
    }
    files.set(name, text)
    changed = true
  }
  return files.size > 0 ? [...states, files] : states
}

/** A directory inside the checkout, so that its files find the packages; git ignores it. */
export function temporaryDirectory(purpose: string): { readonly path: string; remove(): void } {
  mkdirSync(join(ROOT, ".magpie"), { recursive: true })
  const path = mkdtempSync(join(ROOT, ".magpie", `${purpose}-`))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}

export function writeFiles(directory: string, files: ReadonlyMap<string, string>): void {
  for (const [name, text] of files) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), text)
  }
}
