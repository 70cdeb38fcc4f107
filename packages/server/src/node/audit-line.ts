import { createHash, createPublicKey, type KeyObject, sign, verify } from "node:crypto"

/** What the first line of all is chained to. */
export const NO_HASH = "0".repeat(64)
const HASH = ',"hash":"'
const SIGNATURE = ',"signature":"'

/** A line of the audit as it was read: what it says, and whether it says so rightly is not looked at yet. */
export interface AuditLine {
  readonly n: number
  readonly at: number
  readonly event: string
  readonly previous: string
  readonly hash: string
  readonly signature?: string
  readonly [field: string]: unknown
}

/** An entry as text, with the hash of itself, in which the one before stands: who changes one must change all that follow. */
export function chained(entry: object): { readonly text: string; readonly hash: string } {
  const body = JSON.stringify(entry)
  const hash = sha256(body)
  return { text: `${body.slice(0, -1)}${HASH}${hash}"}`, hash }
}

/** A signature of a line's hash stands for all lines up to it (Ed25519, RFC 8032). */
export function signed(line: string, hash: string, key: KeyObject): string {
  return `${line.slice(0, -1)}${SIGNATURE}${sign(null, Buffer.from(hash), key).toString("base64url")}"}`
}

/** What a line says; undefined where it is no line of an audit, or its hash is not its own. */
export function readLine(text: string): AuditLine | undefined {
  const at = text.lastIndexOf(HASH)
  const line = at < 0 ? undefined : parsed(text)
  return line?.hash === sha256(`${text.slice(0, Math.max(at, 0))}}`) ? line : undefined
}

export function isSignedBy({ hash, signature = "" }: AuditLine, key: KeyObject): boolean {
  return verify(null, Buffer.from(hash), key, Buffer.from(signature, "base64url"))
}

/** Fails with what `node:crypto` fails with where the text is no key. */
export function publicKey(pem: string): KeyObject {
  return createPublicKey(pem)
}

export function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex")
}

function parsed(text: string): AuditLine | undefined {
  try {
    const line = JSON.parse(text) as AuditLine
    return Number.isSafeInteger(line?.n) && typeof line.event === "string" ? line : undefined
  } catch {
    return undefined
  }
}
