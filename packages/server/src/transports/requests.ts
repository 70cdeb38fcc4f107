import { type Limits, MagpieError, type Position } from "@magpie/protocol"
import { header, splitTarget } from "../http/request.ts"
import type { Exchange } from "./exchange.ts"
import { parseVector } from "./position-vector.ts"
import { parseVisit, type VisitRequest } from "./visit-socket.ts"

/** What the URL of a request, and the header of a reader who comes back, ask for. */
export interface Target {
  readonly name: "sse" | "poll" | "up" | "visit"
  /** Names a link; empty where channels are named instead. */
  readonly link: string
  readonly channels: readonly string[]
  readonly positions: ReadonlyMap<string, Position>
  readonly last: number | undefined
}

/** Drawn by the client, so that a load balancer can send everything of one link to one node by it. */
const LINK = /^[A-Za-z0-9_-]{16,64}$/
const NUMBER = /^[1-9]\d{0,8}$/
/** A channel's name, percent-encoded, and what goes with it; far more than any limit on channels. */
const MAX_QUERY = 65_536
/** Beside channels: ours, and those of whoever wrote the address. */
const OTHER_PARAMETERS = 64

/** Fails with BAD_REQUEST naming the parameter. */
export function targetOf(exchange: Exchange, base: string, limits: Limits): Target {
  const { path, query } = splitTarget(exchange.target)
  const name = path.slice(base.length + 1) as Target["name"]
  if (query.length > MAX_QUERY) refuse("query", "is too long")
  if (query.split("&", limits.readChannels + OTHER_PARAMETERS + 1).length > limits.readChannels + OTHER_PARAMETERS)
    refuse("query", "has too many parameters", "readChannels")
  const parameters = new URLSearchParams(query)
  const channels = [...new Set(parameters.getAll("channel"))]
  if (channels.length > limits.readChannels) refuse("channel", `is given more than ${limits.readChannels} times`, "readChannels")
  const link = parameters.get("link") ?? ""
  if (channels.length === 0 && name !== "visit" && !LINK.test(link)) refuse("link", "must be 16 to 64 letters, digits, - or _")
  const last = parameters.get("last") ?? undefined
  if (last !== undefined && !NUMBER.test(last)) refuse("last", "must be a number from 1")
  // The header of a reader who comes back goes before what stood in the URL when it came first.
  const vector = header(exchange, "last-event-id") ?? parameters.get("position") ?? ""
  const positions = channels.length === 0 ? new Map<string, Position>() : parseVector(vector, limits.readChannels)
  return { name, link: channels.length === 0 ? link : "", channels, positions, last: last === undefined ? undefined : Number(last) }
}

function refuse(field: string, why: string, limit?: string): never {
  throw new MagpieError("BAD_REQUEST", `${field} ${why}`, { details: { field, ...(limit && { limit }) } })
}

/** What stands in front of a frame. */
const HEAD_BYTES = 64
const HEAD = /^([0-9a-f]{32}) (\d{1,15})$/
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** The body of a POST: `<secret> <number>`, then, behind a line feed, a frame. Fails as `readBody`, and with BAD_REQUEST. */
export async function readUpBody(
  exchange: Exchange,
  limits: Pick<Limits, "messageBytes" | "postMs">,
): Promise<{ readonly secret: string; readonly number: number; readonly frame: string }> {
  const bytes = await exchange.readBody(limits.messageBytes + HEAD_BYTES, limits.postMs)
  const end = bytes.indexOf(0x0a)
  const head = end < 0 ? bytes : bytes.subarray(0, end)
  const [, secret, number] = HEAD.exec(decode(head.subarray(0, HEAD_BYTES))) ?? []
  if (secret === undefined) refuse("body", "must begin with the link's secret and a number")
  const frame = end < 0 ? "" : decode(bytes.subarray(end + 1))
  return { secret, number: Number(number), frame }
}

/** The body of a visit. Fails as `readBody`, and with BAD_REQUEST and TOO_LARGE. */
export async function readVisit(
  exchange: Exchange,
  limits: Pick<Limits, "messageBytes" | "visitBytes" | "visitMessages" | "badRequests" | "postMs">,
): Promise<VisitRequest> {
  const parameters = new URLSearchParams(splitTarget(exchange.target).query)
  const how = { waits: parameters.has("wait"), leaves: parameters.has("leave") }
  return parseVisit(decode(await exchange.readBody(limits.visitBytes, limits.postMs)), how, limits)
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new MagpieError("BAD_REQUEST", "the body is not UTF-8", { details: { field: "body" } })
  }
}
