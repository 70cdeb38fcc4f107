import { get as getHttp, type IncomingMessage } from "node:http"
import { get as getHttps } from "node:https"
import { MagpieError } from "@magpie/protocol"

export interface FetchJsonOptions {
  /** For the whole answer, in milliseconds. */
  readonly timeoutMs: number
  readonly maxBytes: number
}

/** Addresses that never leave this machine. */
const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"])

/** Whether what is read from there can be believed: https, or this very machine. */
export function isTrustworthy({ protocol, hostname, username, password }: URL): boolean {
  if (username !== "" || password !== "") return false
  return protocol === "https:" || (protocol === "http:" && LOOPBACK.has(hostname))
}

/**
 * What stands at an address, as JSON. Follows no redirect, holds at most `maxBytes`, and leaves no connection open. Fails with
 * UNAVAILABLE, and says nothing of what was answered.
 */
export async function fetchJson(url: URL, { timeoutMs, maxBytes }: FetchJsonOptions): Promise<unknown> {
  const get = url.protocol === "https:" ? getHttps : getHttp
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    const fail = (why: string): void => {
      request.destroy()
      reject(new MagpieError("UNAVAILABLE", `${url.host} ${why}`))
    }
    const request = get(url, { agent: false, headers: { Accept: "application/json" } }, (response) =>
      read(response, maxBytes, resolve, fail),
    )
    const timer = setTimeout(() => fail("did not answer in time"), timeoutMs)
    request.on("error", (cause: NodeJS.ErrnoException) => fail(`cannot be reached: ${cause.code ?? cause.name}`))
    request.on("close", () => clearTimeout(timer))
  })
  try {
    return JSON.parse(bytes.toString())
  } catch {
    throw new MagpieError("UNAVAILABLE", `${url.host} answered with no JSON`)
  }
}

function read(response: IncomingMessage, maxBytes: number, resolve: (body: Buffer) => void, fail: (why: string) => void): void {
  if (response.statusCode !== 200) return fail(`answered with the status ${response.statusCode}`)
  const chunks: Buffer[] = []
  let bytes = 0
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > maxBytes) return fail(`answered with more than ${maxBytes} bytes`)
    chunks.push(chunk)
  })
  response.on("end", () => resolve(Buffer.concat(chunks)))
  response.on("error", () => fail("broke off its answer"))
}
