/** A kind of value that a configuration holds: how it is told, and how it is read from an environment variable. */
export interface ValueKind {
  /** What it must be, in words: "a whole number from 0 to 65535". */
  readonly words: string
  readonly holds: (value: unknown) => boolean
  /** Absent where no text can say it. Gives undefined for a text that does not. */
  readonly read?: (text: string) => unknown
}

export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): ValueKind {
  const holds = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most
  return {
    words: most === Number.MAX_SAFE_INTEGER ? `a whole number of at least ${least}` : `a whole number from ${least} to ${most}`,
    holds,
    read: (text) => (/^\d{1,16}$/.test(text) && holds(Number(text)) ? Number(text) : undefined),
  }
}

export const someText: ValueKind = {
  words: "text",
  holds: (value) => typeof value === "string" && value !== "",
  read: (text) => text || undefined,
}

export const path: ValueKind = {
  words: "a path that begins with a slash",
  holds: (value) => typeof value === "string" && value.startsWith("/"),
  read: (text) => (text.startsWith("/") ? text : undefined),
}

export const texts: ValueKind = { words: "a list of texts", holds: isTexts, read: listOf }

export const origins: ValueKind = {
  words: '"same", "any" or a list of origins',
  holds: (value) => value === "same" || value === "any" || isTexts(value),
  read: (text) => (text === "same" || text === "any" ? text : listOf(text)),
}

export const keyBytes: ValueKind = {
  words: "at least 32 bytes, or a list of such",
  holds: (value) => typeof value === "function" || isKey(value) || (Array.isArray(value) && value.length > 0 && value.every(isKey)),
  read(text) {
    const keys = listOf(text)?.map((entry) => Buffer.from(entry, "base64"))
    if (keys === undefined || !keys.every(isKey)) return undefined
    return keys.length === 1 ? keys[0] : keys
  },
}

function isKey(value: unknown): boolean {
  return value instanceof Uint8Array && value.length >= 32
}

export const someFunction: ValueKind = { words: "a function", holds: (value) => typeof value === "function" }

export const someObject: ValueKind = { words: "an object", holds: isObject }

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === "string")
}

function listOf(text: string): readonly string[] | undefined {
  const entries = text.split(",").map((entry) => entry.trim())
  return entries.includes("") ? undefined : entries
}
