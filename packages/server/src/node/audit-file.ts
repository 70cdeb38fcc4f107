import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto"
import { type FileHandle, mkdir, open, readdir, readFile, truncate, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { MagpieError } from "@magpie/protocol"
import type { AuditEvent, AuditLog, Unended } from "../commands/audit.ts"
import { type AuditLine, chained, NO_HASH, readLine, sha256, signed } from "./audit-line.ts"

export interface AuditFileOptions {
  /** Of one server alone. */
  readonly directory: string
  /**
   * An Ed25519 private key in PEM, which signs. Default: one that is drawn into the directory, `audit.key`; whoever can read that
   * can write another audit.
   */
  readonly key?: string
  /** A file that has become so long is followed by another. Default 64 MiB. */
  readonly maxFileBytes?: number
}

const MAX_FILE_BYTES = 67_108_864
const NAME = /^audit-(\d{6})\.jsonl$/
export const PUBLIC_KEY_FILE = "audit.pub"
const PRIVATE_KEY_FILE = "audit.key"

const nameOf = (number: number): string => `audit-${String(number).padStart(6, "0")}.jsonl`
const commandOf = (channel: string, command: string): string => JSON.stringify([channel, command])

/** The files of an audit, in their order. */
export async function auditFiles(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => NAME.test(name)).sort()
}

/**
 * An audit as files of lines, each chained to the one before by its hash and the last of each write signed. Fails with
 * INVALID_OPTIONS.
 */
export function auditFile({ directory, key, maxFileBytes = MAX_FILE_BYTES }: AuditFileOptions): AuditLog {
  if (typeof directory !== "string" || directory === "") throw badOption("directory", "must be a path")
  if (!(Number.isSafeInteger(maxFileBytes) && maxFileBytes > 0)) throw badOption("maxFileBytes", "must be a whole number of bytes")
  const given = key === undefined ? undefined : privateKey(key)
  const unended = new Map<string, Unended>()
  let now = (): number => 0
  let secret: KeyObject | undefined
  let file: FileHandle | undefined
  let number = 1
  let bytes = 0
  /** Whether the file begins with what is still to end. */
  let isBegun = false
  let last = { n: 0, hash: NO_HASH }
  let waiting: { readonly event: AuditEvent; resolve(): void; reject(cause: unknown): void }[] = []
  let writing: Promise<void> | undefined

  /** The lines of the newest file, which begins with what older ones have not seen end. */
  async function readNewest(): Promise<void> {
    const newest = (await auditFiles(directory)).at(-1)
    if (newest === undefined) return
    number = Number(NAME.exec(newest)?.[1])
    const path = join(directory, newest)
    const text = await readFile(path, "utf8")
    const whole = text.slice(0, text.lastIndexOf("\n") + 1)
    // What was not written to its end was never said to be written.
    if (whole.length < text.length) await truncate(path, Buffer.byteLength(whole))
    bytes = Buffer.byteLength(whole)
    for (const [index, each] of whole.split("\n").slice(0, -1).entries()) take(each, `${newest}:${index + 1}`)
  }

  function take(text: string, place: string): void {
    const line = readLine(text)
    if (line === undefined) throw new MagpieError("UNRECOVERABLE", `the audit was changed: ${place}`, { details: { place } })
    last = { n: line.n, hash: line.hash }
    count(line)
  }

  function count({ event, channel, command, unended: others = [], action }: Partial<AuditLine>): void {
    if (event === "opened") for (const one of others as Unended[]) unended.set(commandOf(one.channel, one.command), one)
    const name = commandOf(String(channel), String(command))
    if (event === "call") unended.set(name, { channel: String(channel), command: String(command) })
    else if (event === "end" || (event === "refused" && action === "call")) unended.delete(name)
  }

  function lineOf(entry: object): { readonly text: string; readonly hash: string } {
    const line = chained({ n: last.n + 1, at: Math.floor(now()), ...entry, previous: last.hash })
    last = { n: last.n + 1, hash: line.hash }
    return line
  }

  async function append(entries: readonly object[]): Promise<void> {
    if (file === undefined || secret === undefined) throw new MagpieError("CLOSED", "the audit is closed")
    const before = last
    const lines = entries.map(lineOf)
    const end = lines.pop()
    if (end === undefined) return
    const text = [...lines.map((line) => line.text), signed(end.text, end.hash, secret)].map((line) => `${line}\n`).join("")
    try {
      await file.appendFile(text)
      await file.datasync()
      bytes += Buffer.byteLength(text)
      entries.forEach(count)
    } catch (cause) {
      // Nobody was told that it is there. What may stand there of it is cut away.
      last = before
      await file.truncate(bytes).catch(() => {})
      throw new MagpieError("UNAVAILABLE", "the audit cannot be written", { cause })
    }
  }

  async function openFile(its: number): Promise<void> {
    const next = await open(join(directory, nameOf(its)), "a", 0o600)
    await file?.close()
    file = next
    number = its
    isBegun = false
  }

  /** Of each life of the server, and of each file, the first line says what is still to end. */
  async function begin(): Promise<void> {
    if (bytes >= maxFileBytes) {
      await openFile(number + 1)
      bytes = 0
    }
    if (!isBegun) await append([{ event: "opened", unended: [...unended.values()] }])
    isBegun = true
  }

  async function writeWaiting(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        await begin()
        await append(batch.map(({ event }) => entryOf(event)))
        for (const { resolve } of batch) resolve()
      } catch (cause) {
        for (const { reject } of batch) reject(cause)
      }
    }
    writing = undefined
  }

  return {
    async open(clock) {
      now = clock
      await mkdir(directory, { recursive: true, mode: 0o700 })
      secret = given ?? (await keyIn(directory))
      await writeFile(join(directory, PUBLIC_KEY_FILE), createPublicKey(secret).export({ type: "spki", format: "pem" }))
      await readNewest()
      await openFile(number)
      await begin()
      return [...unended.values()]
    },
    write(event) {
      return new Promise((resolve, reject) => {
        waiting.push({ event, resolve, reject })
        writing ??= writeWaiting()
      })
    },
    async close() {
      await writing
      await file?.close()
      file = undefined
    },
  }
}

/** An input may be long, and secret: its checksum says which it was. */
function entryOf(event: AuditEvent): object {
  if (event.event !== "call") return event
  const { input, ...rest } = event
  return { ...rest, inputSha256: sha256(input) }
}

async function keyIn(directory: string): Promise<KeyObject> {
  const path = join(directory, PRIVATE_KEY_FILE)
  try {
    return privateKey(await readFile(path, "utf8"))
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== "ENOENT") throw cause
  }
  const { privateKey: drawn } = generateKeyPairSync("ed25519")
  await writeFile(path, drawn.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx" })
  return drawn
}

function privateKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    if (key.asymmetricKeyType === "ed25519") return key
  } catch {
    // As for a key of another kind.
  }
  throw badOption("key", "must be an Ed25519 private key in PEM")
}

function badOption(option: string, why: string): MagpieError {
  return new MagpieError("INVALID_OPTIONS", `${option} ${why}`, { details: { option } })
}
