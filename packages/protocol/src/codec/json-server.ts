import { MagpieError, toMagpieError } from "../errors.ts"
import type { Decoded, DecodeLimits, Encoded, JsonText, Publication, RowText, ServerCodec } from "./codec.ts"
import { countKeys, inspectJson } from "./inspect-json.ts"
import { jsonCodec, parseJson, textOf, writeJson } from "./json.ts"
import { jsonPresenceCodec } from "./json-presence.ts"

/** Writes a validated value once, for the disk and for every subscriber. Fails with BAD_REQUEST on what JSON cannot hold. */
export function toJsonText(value: unknown): JsonText {
  return writeJson(value) as JsonText
}

/** A message as it stands in a page of history. */
export function storedMessageText(publication: Publication): JsonText {
  return `{${publicationFields(publication)}` as JsonText
}

function publicationFields(publication: Publication): string {
  const { offset, since, mark, at, from, ref, name, data, changed } = publication
  let text = offset === undefined ? "" : `"offset":${offset},`
  if (since !== undefined) text += `"since":${since},`
  if (mark !== undefined) text += `"mark":${JSON.stringify(mark)},`
  text += `"at":${at},`
  if (from !== undefined) text += `"from":${JSON.stringify(from)},`
  if (ref !== undefined) text += `"ref":${JSON.stringify(ref)},`
  text += `"name":${JSON.stringify(name)},"data":${data}`
  return changed === undefined ? `${text}}` : `${text},"changed":${changed}}`
}

function rowText({ key, version, count, born, at, from, data, fields, gone }: RowText): string {
  let text = `{"key":${JSON.stringify(key)},"version":${version},"count":${count},"at":${at}`
  if (born !== undefined) text += `,"born":${born}`
  if (from !== undefined) text += `,"from":${JSON.stringify(from)}`
  if (data !== undefined) text += `,"data":${data}`
  if (fields !== undefined) text += `,"fields":${fields}`
  return gone === true ? `${text},"gone":true}` : `${text}}`
}

export const jsonServerCodec: ServerCodec = {
  ...jsonCodec,
  ...jsonPresenceCodec,
  encodePublication: (publication) =>
    `{"type":"message","channel":${JSON.stringify(publication.channel)},${publicationFields(publication)}`,
  encodePage({ id, channel, more, position }, publications) {
    const head = id === undefined ? "" : `"id":${id},`
    const messages = publications.map(storedMessageText).join(",")
    return `{"type":"history",${head}"channel":${JSON.stringify(channel)},"messages":[${messages}],"more":${more},"position":${JSON.stringify(position)}}`
  },
  encodeRow: rowText,
  encodeRows({ channel, since, position, reset, more, intervalMs, slowedBy }, rows) {
    const flags = `${reset === true ? '"reset":true,' : ""}${more === true ? '"more":true,' : ""}`
    const head = `{"type":"rows","channel":${JSON.stringify(channel)},"since":${since},"position":${JSON.stringify(position)},${flags}`
    const pace = intervalMs === undefined ? "" : `"intervalMs":${intervalMs},${slowedBy === undefined ? "" : `"slowedBy":"${slowedBy}",`}`
    return `${head}${pace}"rows":[${rows.join(",")}]}`
  },
  decodeUntrusted(frame: Encoded, limits: DecodeLimits, several: boolean): readonly Decoded[] {
    const text = textOf(frame)
    const lines = several && text.includes("\n") ? text.split("\n", limits.messagesPerFrame + 1) : [text]
    if (lines.length > limits.messagesPerFrame) {
      throw new MagpieError("BAD_REQUEST", `a frame holds at most ${limits.messagesPerFrame} messages`, {
        details: { limit: "messagesPerFrame" },
      })
    }
    return decodeLines(lines, limits)
  },
}

/** A refusal costs far more than a message, so a frame that ends its connection anyway is not read to its end. */
function decodeLines(lines: readonly string[], limits: DecodeLimits): readonly Decoded[] {
  const decoded: Decoded[] = []
  let refused = 0
  for (const line of lines) {
    const one = decodeLine(line, limits)
    decoded.push(one)
    if ("error" in one && ++refused > limits.badRequests) break
  }
  return decoded
}

function decodeLine(line: string, limits: DecodeLimits): Decoded {
  try {
    const keys = inspectJson(line, limits)
    const value = parseJson(line)
    if (countKeys(value) !== keys) throw new MagpieError("BAD_REQUEST", "an object names a key twice", { details: { field: "" } })
    return { value }
  } catch (failure) {
    return { error: toMagpieError(failure), id: idIn(line) }
  }
}

/** The id of a message that was not parsed. Our client writes it last; whoever nests another confuses only himself. */
function idIn(line: string): number | undefined {
  const at = line.lastIndexOf('"id":')
  const digits = at < 0 ? undefined : /^\s{0,8}(\d{1,15})\s{0,8}[,}]/.exec(line.slice(at + 5, at + 40))?.[1]
  return digits === undefined ? undefined : Number(digits)
}
