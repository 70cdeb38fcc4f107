import type { Received } from "@magpie/client"
import type { Style } from "./command.ts"

/** A message as one line: for people, or as JSON. */
export function messageLine(message: Received, json: boolean, style: Style): string {
  const { channel, offset, at, from, name, data, ref } = message
  if (json) return JSON.stringify({ type: "message", channel, offset, at, from, ref, name, data })
  const head = [offset ?? "-", new Date(at).toISOString(), from ?? "-"].join("  ")
  return `${style.faint(head)}  ${style.bold(name)}  ${JSON.stringify(data)}`
}
