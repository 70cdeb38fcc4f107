import { createPrivateKey, X509Certificate } from "node:crypto"
import { readFile, stat } from "node:fs/promises"
import { createSecureContext } from "node:tls"
import { type Clock, isMagpieError, type Log, MagpieError, type Timer } from "@magpie/protocol"

export type TlsOptions = TlsExpiry & (TlsPair | TlsFiles)

export interface TlsPair {
  /** Certificate chain in PEM. */
  readonly cert: string | Buffer
  /** Private key in PEM. */
  readonly key: string | Buffer
}

export interface TlsFiles {
  /** A file with the certificate chain in PEM. */
  readonly certFile: string
  /** A file with the private key in PEM. */
  readonly keyFile: string
  /** How often to look whether they changed, in milliseconds. Default 10,000. */
  readonly checkEveryMs?: number
}

export interface TlsExpiry {
  /** How long before the certificate's end the log says so, once a day, in milliseconds. Default 14 days. */
  readonly expiryWarningMs?: number
}

/** Where files are read; the real one where a test gives no other. */
export interface FileSource {
  /** Changes whenever the file does. */
  stamp(path: string): Promise<string>
  read(path: string): Promise<Buffer>
}

export interface CertificateOptions {
  readonly clock: Clock
  readonly log: Log
  /** Called with each pair that was found good, after the first. */
  readonly use: (pair: TlsPair) => void
  readonly files?: FileSource
}

/** A certificate with its key, kept up to date without a restart [F87]. */
export interface Certificate {
  readonly pair: TlsPair
  /** Reads the files now. Fails with INVALID_OPTIONS where what they hold cannot be used: then the pair stays the one that it was. */
  reload(): Promise<void>
  close(): void
}

const DAY_MS = 86_400_000
const WARNING_MS = 14 * DAY_MS
const CHECK_MS = 10_000
/** A pair that nobody changes only grows older. */
const LOOK_MS = 3_600_000

const DISK: FileSource = {
  async stamp(path) {
    const { mtimeMs, size, ino } = await stat(path)
    return `${mtimeMs} ${size} ${ino}`
  },
  read: (path) => readFile(path),
}

/** Fails with INVALID_OPTIONS where there is no pair that fits; one that has expired is served all the same, and the log says so. */
export async function openCertificate(tls: TlsOptions, options: CertificateOptions): Promise<Certificate> {
  const { files = DISK } = options
  if (!("certFile" in tls)) {
    const pair = { cert: tls.cert, key: tls.key }
    checkPair(pair)
    return new WatchedCertificate(tls, options, { pair, files, stamp: "" })
  }
  const stamp = await stampOf(tls, files)
  const pair = await read(tls, files)
  return new WatchedCertificate(tls, options, { pair, files, stamp })
}

interface Opened {
  readonly pair: TlsPair
  readonly files: FileSource
  readonly stamp: string
}

class WatchedCertificate implements Certificate {
  pair: TlsPair
  readonly #tls: TlsOptions
  readonly #options: CertificateOptions
  readonly #files: FileSource
  /** Of the files as they were when they were last good. */
  #stamp: string
  /** Of files that were found bad, and whether the log says so already: one of two files may just have been written. */
  #bad: { readonly stamp: string; readonly logged: boolean } | undefined
  #endsAt: number
  #warnedAt = Number.NEGATIVE_INFINITY
  #timer: Timer | undefined
  #busy: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(tls: TlsOptions, options: CertificateOptions, { pair, files, stamp }: Opened) {
    this.#tls = tls
    this.#options = options
    this.#files = files
    this.#stamp = stamp
    this.pair = pair
    this.#endsAt = endOf(pair)
    this.#warn()
    this.#watch()
  }

  async reload(): Promise<void> {
    const tls = this.#tls
    if (!("certFile" in tls)) return
    await this.#exclusively(async () => {
      const stamp = await stampOf(tls, this.#files)
      try {
        this.#use(await this.#readGood(tls), stamp)
      } catch (failure) {
        this.#reject(failure, stamp)
        throw failure
      }
    })
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #watch(): void {
    const everyMs = "certFile" in this.#tls ? (this.#tls.checkEveryMs ?? CHECK_MS) : LOOK_MS
    this.#timer = this.#options.clock.setTimer(everyMs, () => {
      void this.#exclusively(() => this.#look()).finally(() => {
        if (!this.#closed) this.#watch()
      })
    })
  }

  async #look(): Promise<void> {
    const tls = this.#tls
    this.#warn()
    if (!("certFile" in tls)) return
    const stamp = await stampOf(tls, this.#files)
    if (stamp === this.#stamp || (stamp === this.#bad?.stamp && this.#bad.logged)) return
    try {
      this.#use(await this.#readGood(tls), stamp)
    } catch (failure) {
      if (stamp === this.#bad?.stamp) this.#reject(failure, stamp)
      else this.#bad = { stamp, logged: false }
    }
  }

  async #readGood(tls: TlsFiles): Promise<TlsPair> {
    const pair = await read(tls, this.#files)
    const endsAt = endOf(pair)
    const now = this.#options.clock.now()
    if (endsAt <= now) refuse("the certificate has expired")
    if (startOf(pair) > now) refuse("the certificate is not valid yet")
    return pair
  }

  #use(pair: TlsPair, stamp: string): void {
    if (this.#closed) return
    this.#options.use(pair)
    this.pair = pair
    this.#stamp = stamp
    this.#bad = undefined
    this.#endsAt = endOf(pair)
    this.#warnedAt = Number.NEGATIVE_INFINITY
    this.#options.log("info", "tls-reloaded", { endsAt: new Date(this.#endsAt).toISOString() })
    this.#warn()
  }

  #reject(failure: unknown, stamp: string): void {
    this.#bad = { stamp, logged: true }
    this.#options.log("error", "tls-rejected", { reason: isMagpieError(failure) ? failure.reason : "unreadable" })
  }

  #warn(): void {
    const now = this.#options.clock.now()
    if (this.#endsAt - now > (this.#tls.expiryWarningMs ?? WARNING_MS) || now < this.#warnedAt + DAY_MS) return
    this.#warnedAt = now
    this.#options.log("error", "tls-expiring", {
      endsAt: new Date(this.#endsAt).toISOString(),
      days: Math.floor((this.#endsAt - now) / DAY_MS),
    })
  }

  #exclusively(task: () => Promise<void>): Promise<void> {
    const done = this.#busy.then(task)
    this.#busy = done.catch(() => {})
    return done
  }
}

/** A file that is not there has a stamp too: it may be about to come back. */
async function stampOf({ certFile, keyFile }: TlsFiles, files: FileSource): Promise<string> {
  const stamps = await Promise.all([certFile, keyFile].map((path) => files.stamp(path).catch(() => "missing")))
  return stamps.join()
}

async function read({ certFile, keyFile }: TlsFiles, files: FileSource): Promise<TlsPair> {
  const [cert, key] = await Promise.all([certFile, keyFile].map((path) => files.read(path).catch(() => refuse(`${path} cannot be read`))))
  const pair = { cert: cert ?? "", key: key ?? "" }
  checkPair(pair)
  return pair
}

/** Fails with INVALID_OPTIONS, and says nothing of what they hold. */
function checkPair({ cert, key }: TlsPair): void {
  const certificate = certificateOf(cert)
  try {
    if (certificate.checkPrivateKey(createPrivateKey(key))) return void createSecureContext({ cert, key })
  } catch {
    return refuse("the key or the chain cannot be used")
  }
  refuse("the key does not fit the certificate")
}

function certificateOf(cert: string | Buffer): X509Certificate {
  try {
    return new X509Certificate(cert)
  } catch {
    return refuse("the certificate is none in PEM")
  }
}

const endOf = ({ cert }: TlsPair): number => Date.parse(certificateOf(cert).validTo)
const startOf = ({ cert }: TlsPair): number => Date.parse(certificateOf(cert).validFrom)

function refuse(why: string): never {
  throw new MagpieError("INVALID_OPTIONS", `tls: ${why}`, { details: { option: "tls" } })
}
