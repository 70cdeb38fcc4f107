import { createReadStream } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { MagpieError } from "@magpie/protocol"
import { auditFiles, PUBLIC_KEY_FILE } from "./audit-file.ts"
import { type AuditLine, isSignedBy, NO_HASH, publicKey, readLine } from "./audit-line.ts"

export interface VerifyAuditOptions {
  readonly directory: string
  /** The public key in PEM. Default: the one that lies beside the audit, which whoever changed the audit may have changed too. */
  readonly key?: string
  /** `n:hash` of a line that was once there, as a verification told it: without it, lines that were cut from the end are not missed. */
  readonly head?: string
  /** Told of each line as it is read. */
  readonly onLine?: (line: AuditLine) => void
}

export interface AuditVerdict {
  readonly lines: number
  /** The last line: keep it elsewhere. Undefined where there is none. */
  readonly head: string | undefined
  /** The last line that a signature stands for. */
  readonly signedUpTo: number
  /** Where it was changed, and how; the first is where to look. */
  readonly problems: readonly { readonly place: string; readonly problem: string }[]
}

/** Reads an audit from its beginning. Fails with INVALID_OPTIONS where there is none, or no key. */
export async function verifyAudit({ directory, key, head, onLine }: VerifyAuditOptions): Promise<AuditVerdict> {
  const files = await auditFiles(directory).catch(() => [])
  if (files.length === 0)
    throw new MagpieError("INVALID_OPTIONS", `there is no audit in "${directory}"`, { details: { option: "directory" } })
  const secretOf = await keyOf(directory, key)
  const problems: { place: string; problem: string }[] = []
  let last = { n: 0, hash: NO_HASH }
  let signedUpTo = 0
  let headSeen = head === undefined
  for (const name of files) {
    let row = 0
    for await (const text of createInterface({ input: createReadStream(join(directory, name)) })) {
      const place = `${name}:${++row}`
      const line = readLine(text)
      if (line === undefined) {
        problems.push({ place, problem: "the line was changed" })
        continue
      }
      if (line.n !== last.n + 1 || line.previous !== last.hash)
        problems.push({ place, problem: `line ${line.n} does not follow line ${last.n}` })
      if (line.signature !== undefined) {
        if (isSignedBy(line, secretOf)) signedUpTo = line.n
        else problems.push({ place, problem: "the signature is not of this key" })
      }
      last = { n: line.n, hash: line.hash }
      headSeen ||= head === headOf(last)
      onLine?.(line)
    }
  }
  if (!headSeen) problems.push({ place: files.at(-1) ?? "", problem: `the line ${head} is not there` })
  if (last.n !== signedUpTo) problems.push({ place: files.at(-1) ?? "", problem: `lines from ${signedUpTo + 1} on are not signed` })
  return { lines: last.n, head: last.n === 0 ? undefined : headOf(last), signedUpTo, problems }
}

function headOf({ n, hash }: { readonly n: number; readonly hash: string }): string {
  return `${n}:${hash}`
}

async function keyOf(directory: string, key: string | undefined) {
  try {
    return publicKey(key ?? (await readFile(join(directory, PUBLIC_KEY_FILE), "utf8")))
  } catch (cause) {
    throw new MagpieError("INVALID_OPTIONS", "key must be an Ed25519 public key in PEM", { details: { option: "key" }, cause })
  }
}
