import type { IncomingMessage, ServerResponse } from "node:http"
import { type Clock, MagpieError } from "@magpie/protocol"

/** What a body begins with where its length was not told. */
const FIRST_BYTES = 16_384
/** What is still read, and thrown away, of a body that was refused, so that its sender hears why. */
const DISCARDED_BYTES = 4_194_304
const DISCARD_MS = 5_000

/**
 * Reads the whole body into one buffer that grows with what came, never beyond `maxBytes`. Fails with TOO_LARGE before the
 * body is asked for where its length is told, with TIMEOUT after `timeoutMs`, and with ABORTED where the other side leaves.
 */
export function readRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { maxBytes, timeoutMs, clock }: { readonly maxBytes: number; readonly timeoutMs: number; readonly clock: Clock },
): Promise<Uint8Array> {
  const declared = Number(request.headers["content-length"] ?? Number.NaN)
  if (declared > maxBytes) return Promise.reject(tooLarge(maxBytes))
  if (request.readableDidRead) return Promise.reject(new MagpieError("INTERNAL", "somebody read the body before the API: attach it first"))
  if (request.destroyed) return Promise.reject(leftEarly())
  if (expectsContinue(request)) response.writeContinue()

  return new Promise((resolve, reject) => {
    let body: Buffer = Buffer.allocUnsafe(Math.min(maxBytes, Number.isNaN(declared) ? FIRST_BYTES : declared))
    let length = 0
    const timer = clock.setTimer(timeoutMs, () => settle(() => reject(tooSlow(timeoutMs))))

    function settle(how: () => void): void {
      timer.cancel()
      request.off("data", onData).off("end", onEnd).off("close", onClose)
      request.pause()
      how()
    }
    function onData(chunk: Buffer): void {
      if (length + chunk.length > maxBytes) return settle(() => reject(tooLarge(maxBytes)))
      if (length + chunk.length > body.length) body = grown(body, Math.min(maxBytes, Math.max(body.length * 2, length + chunk.length)))
      length += chunk.copy(body, length)
    }
    const onEnd = (): void => settle(() => resolve(body.subarray(0, length)))
    const onClose = (): void => settle(() => reject(leftEarly()))
    request.on("data", onData).on("end", onEnd).on("close", onClose)
  })
}

/**
 * Lets the sender of a body that nobody wants finish it, within a bound of bytes and time, and then cuts: a connection that is
 * closed under a sender takes the answer with it.
 */
export function discardRest(request: IncomingMessage, clock: Clock): void {
  if (request.readableEnded || request.destroyed) return
  let bytes = 0
  const timer = clock.setTimer(DISCARD_MS, () => request.socket.destroy())
  request.on("data", (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > DISCARDED_BYTES) request.socket.destroy()
  })
  request.on("close", () => timer.cancel())
  request.resume()
}

export function expectsContinue({ headers }: IncomingMessage): boolean {
  return headers.expect?.toLowerCase() === "100-continue"
}

function grown(body: Buffer, length: number): Buffer {
  const larger = Buffer.allocUnsafe(length)
  body.copy(larger)
  return larger
}

function tooLarge(maxBytes: number): MagpieError {
  return new MagpieError("TOO_LARGE", `a body has at most ${maxBytes} bytes`, { details: { limit: "apiBodyBytes" } })
}

function leftEarly(): MagpieError {
  return new MagpieError("ABORTED", "the other side left")
}

function tooSlow(timeoutMs: number): MagpieError {
  return new MagpieError("TIMEOUT", `the body did not come within ${timeoutMs} ms`, {
    details: { limit: "apiBodyMs" },
    remedy: "Send the whole body in time; nothing was done.",
  })
}
