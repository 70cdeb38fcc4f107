/**
 * The line, counted from 1, on which a field of a configuration is written; of its nearest ancestor where it is not written as
 * such, because it comes from a variable or a spread; undefined where the file holds no literal configuration. Reads the text
 * alone: strings, comments and brackets are known, nothing else of the language.
 */
export function lineOfField(source: string, field: readonly string[]): number | undefined {
  const start = findStart(source)
  if (start === undefined) return undefined
  let { index: found, opening } = start
  for (const name of field) {
    const key = source[opening] === "{" ? keysOf(source, opening).find((one) => one.name === name) : undefined
    if (key === undefined) break
    found = key.index
    opening = key.value
  }
  return source.slice(0, found).split("\n").length
}

const START = /(?:\bdefineConfig\s*(?:<[^>{]*>)?\s*\(\s*|\bexport\s+default\s*)\{/y

/** Where the configuration begins, and its opening bracket. */
function findStart(source: string): { readonly index: number; readonly opening: number } | undefined {
  for (let index = 0; index < source.length; index++) {
    index = skipText(source, index)
    const start = matchAt(START, source, index)?.[0]
    if (start !== undefined) return { index, opening: index + start.length - 1 }
  }
  return undefined
}

interface Key {
  readonly name: string
  readonly index: number
  /** Where its value begins. */
  readonly value: number
}

const NAME = /[A-Za-z_$][\w$]*/y
const QUOTED = /(["'])((?:\\.|(?!\1).)*)\1/y

/** The keys of the object literal that opens at an index. */
function keysOf(source: string, opening: number): readonly Key[] {
  const keys: Key[] = []
  let index = opening + 1
  while (index < source.length) {
    index = skipSpace(source, index)
    if (source[index] === "}" || index >= source.length) return keys
    const quoted = matchAt(QUOTED, source, index)
    const name = quoted?.[2] ?? matchAt(NAME, source, index)?.[0]
    if (name !== undefined) {
      const after = skipSpace(source, index + (quoted?.[0].length ?? name.length))
      keys.push({ name, index, value: source[after] === ":" ? skipSpace(source, after + 1) : after })
    }
    index = skipToComma(source, index) + 1
  }
  return keys
}

/** The comma that ends what begins here, or the bracket that closes around it. */
function skipToComma(source: string, from: number): number {
  let depth = 0
  let index = from
  while (index < source.length) {
    const character = source[index] ?? ""
    const skipped = skipText(source, index)
    if (skipped > index) index = skipped
    else {
      if ("([{".includes(character)) depth++
      else if (")]}".includes(character) && --depth < 0) return index - 1
      else if (character === "," && depth === 0) return index
      index++
    }
  }
  return index
}

function skipSpace(source: string, from: number): number {
  let index = from
  for (;;) {
    const space = matchAt(/\s+/y, source, index)?.[0].length ?? 0
    const comment = commentEnd(source, index + space)
    if (space === 0 && comment === index) return index
    index = Math.max(comment, index + space)
  }
}

/** Behind a string, template, pattern or comment that begins here; the same index where none does. */
function skipText(source: string, index: number): number {
  const text = matchAt(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\[\s\S]|[^`\\])*`/y, source, index)
  if (text !== null) return index + text[0].length
  const comment = commentEnd(source, index)
  if (comment > index) return comment
  const before = source.slice(0, index).trimEnd().at(-1) ?? ""
  const pattern = "=(,:[!&|?{;".includes(before) ? matchAt(/\/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\//y, source, index) : null
  return index + (pattern?.[0].length ?? 0)
}

function commentEnd(source: string, index: number): number {
  return index + (matchAt(/\/\/[^\n]*|\/\*[\s\S]*?\*\//y, source, index)?.[0].length ?? 0)
}

function matchAt(pattern: RegExp, source: string, index: number): RegExpExecArray | null {
  pattern.lastIndex = index
  return pattern.exec(source)
}
