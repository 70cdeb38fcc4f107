import { type Clock, isMagpieError, MagpieError, type Random } from "@magpie/protocol"
import { textsOf } from "./xml.ts"

export interface HttpRequest {
  readonly method: "GET" | "PUT" | "POST" | "DELETE"
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | undefined
}

export interface HttpAnswer {
  readonly status: number
  header(name: string): string | undefined
  readonly body: AsyncIterable<Uint8Array>
  /** Breaks the body off where it has still to come. Idempotent. */
  end(): void
}

/** Where the network, time and chance come from. */
export interface Surroundings {
  readonly clock: Pick<Clock, "setTimer">
  readonly random: Pick<Random, "float">
  /** One signed request. Whatever it rejects with is translated; only a code of it is ever told. */
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer>
}

export interface S3Request {
  readonly method: HttpRequest["method"]
  /** Of the object; empty for the bucket itself. */
  readonly key: string
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface S3ClientOptions {
  readonly surroundings: Surroundings
  /** Without a slash at its end. */
  readonly bucketUrl: string
  readonly requestMs: number
}

/** With `requestMs` less than a third of the time after which a log gives up a store. */
export const TRIES = 3
const FIRST_PAUSE_MS = 200
const MAX_TEXT_BYTES = 4_194_304
/** What the store, or something before it, may answer otherwise a moment later. */
const PASSING = new Set([408, 429, 500, 502, 503, 504])

/** Asks a bucket: again with growing pauses where that may help, and never longer than its time. Fails with UNAVAILABLE alone. */
export class S3Client {
  readonly #options: S3ClientOptions

  constructor(options: S3ClientOptions) {
    this.#options = options
  }

  /** What `read` makes of an answer that says yes. Reading is part of a try, and of its time. */
  async ask<T>(request: S3Request, read: (answer: HttpAnswer) => Promise<T>, mostTries = TRIES): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.within((signal) => this.#once(request, read, signal))
      } catch (cause) {
        const failure = unavailable(cause)
        if (tries === mostTries || !mayPass(failure)) throw failure
        await this.pause(tries)
      }
    }
  }

  /** Gives a task the time of a request; what goes on beyond it is told to end, and not waited for. */
  within<T>(task: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { surroundings, requestMs } = this.#options
    const ending = new AbortController()
    return new Promise((resolve, reject) => {
      const timer = surroundings.clock.setTimer(requestMs, () => {
        reject(new MagpieError("UNAVAILABLE", `the bucket did not answer within ${requestMs} ms`))
        ending.abort()
      })
      task(ending.signal)
        .then(resolve, reject)
        .finally(() => timer.cancel())
    })
  }

  /** Longer after each failure, and never the same for two servers. */
  pause(failures: number): Promise<void> {
    const { clock, random } = this.#options.surroundings
    const ms = FIRST_PAUSE_MS * 2 ** (failures - 1) * (0.5 + random.float())
    return new Promise((resolve) => {
      clock.setTimer(ms, resolve)
    })
  }

  async #once<T>(request: S3Request, read: (answer: HttpAnswer) => Promise<T>, signal: AbortSignal): Promise<T> {
    const { surroundings, bucketUrl } = this.#options
    const { method, key, query = {}, headers = {}, body } = request
    const search = new URLSearchParams(query).toString()
    const url = `${bucketUrl}/${key}${search === "" ? "" : `?${search}`}`
    const answer = await surroundings.send({ method, url, headers, body }, signal)
    if (answer.status < 200 || answer.status > 299) throw refusal(answer.status, await textOf(answer).catch(() => ""))
    return read(answer)
  }
}

/** What a body holds. Fails where it is longer than any answer that is no object. */
export async function textOf({ body }: HttpAnswer): Promise<string> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of body) {
    length += piece.length
    if (length > MAX_TEXT_BYTES) throw new MagpieError("UNAVAILABLE", "the bucket's answer is too long")
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}

/** A refusal by its status and by the code that S3 gives it, which may also come with a status of success. */
export function refusal(status: number, xml: string): MagpieError {
  const [named = ""] = textsOf(xml, "Code")
  const code = /^[\w.]{1,64}$/.test(named) ? named : undefined
  const details = { status, ...(code === undefined ? {} : { code }) }
  return new MagpieError("UNAVAILABLE", `the bucket refused: ${status}${code === undefined ? "" : ` ${code}`}`, { details })
}

export function isRefusal(cause: unknown, code: string): boolean {
  return isMagpieError(cause) && cause.details?.code === code
}

export function isStatus(cause: unknown, status: number): boolean {
  return isMagpieError(cause) && cause.details?.status === status
}

/** Of what the vendor throws only its code is kept: its message and what it carries may hold what was signed with. */
export function unavailable(cause: unknown): MagpieError {
  if (isMagpieError(cause)) return cause
  const { code, cause: inner } = Object(cause) as { code?: unknown; cause?: { code?: unknown } }
  const known = [code, inner?.code].find((one) => typeof one === "string" && /^\w{1,64}$/.test(one))
  return new MagpieError("UNAVAILABLE", `the bucket is out of reach${known === undefined ? "" : ` (${known})`}`)
}

function mayPass({ details }: MagpieError): boolean {
  const { status, code } = (details ?? {}) as { readonly status?: number; readonly code?: string }
  return status === undefined || PASSING.has(status) || code === "RequestTimeout" || (status < 300 && code !== undefined)
}
