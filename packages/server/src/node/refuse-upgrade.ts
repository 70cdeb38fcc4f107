import { STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"

/** Answers an upgrade that is not taken, and closes: there is no response object for it. */
export function refuseUpgrade(stream: Duplex, status: number, reason: string, headers: Readonly<Record<string, string>> = {}): void {
  const body = `${reason}\n`
  const lines = Object.entries({
    ...headers,
    Connection: "close",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": String(Buffer.byteLength(body)),
  }).map(([name, value]) => `${name}: ${value}`)
  stream.on("error", () => {})
  stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? "Error"}\r\n${lines.join("\r\n")}\r\n\r\n${body}`, () => stream.destroy())
}
