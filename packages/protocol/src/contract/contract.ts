import { parseChannelName } from "../channel-name.ts"
import { MagpieError } from "../errors.ts"
import { faultInChanges } from "./check-changes.ts"
import { faultInCommands } from "./command-kind.ts"
import type { Kind } from "./kinds.ts"
import { comparePatterns, matchPattern, type Pattern, parsePattern, samePattern } from "./pattern.ts"
import { faultInTable } from "./table-kind.ts"
import { validateMessage, validateState } from "./validate.ts"

/** Channel patterns and the kind behind each. */
export type ChannelKinds = Readonly<Record<string, Kind>>

/** What a concrete channel name turned out to be. */
export interface ChannelMatch {
  readonly pattern: string
  readonly params: Readonly<Record<string, string>>
  readonly kind: Kind
}

/** The agreement between server and client: which channels there are, of which kind, with which messages. */
export interface Contract<C extends ChannelKinds = ChannelKinds> {
  readonly channels: C
  /** Finds the pattern of a concrete name. Fails with BAD_REQUEST on a malformed name, UNKNOWN_CHANNEL on one that nothing matches. */
  match(name: string): ChannelMatch
  /** Checks a message's data against its schema and returns what the schema made of it. Fails with BAD_REQUEST naming the field. */
  validate(kind: Kind, name: string, data: unknown): unknown
  /** The same for what a member shows of itself. */
  validateState(kind: Kind, state: unknown): unknown
}

/**
 * Declares the channels of an application, shared by server and client.
 *
 * A pattern is text with `/` between segments; a segment `:room` matches any one segment and becomes a typed parameter.
 * Where several patterns match a name, fixed text wins over a parameter, from the left. Fails with INVALID_OPTIONS.
 */
export function contract<const C extends ChannelKinds>(channels: C): Contract<C> {
  const patterns = Object.keys(channels).map(parsePattern).sort(comparePatterns)
  refuseAmbiguity(patterns)
  for (const [pattern, kind] of Object.entries(channels)) checkKind(pattern, kind)
  const known = new Map<string, ChannelMatch>()

  function find(name: string): ChannelMatch {
    const segments = parseChannelName(name)
    for (const pattern of patterns) {
      const params = matchPattern(pattern, segments)
      if (params !== undefined)
        return Object.freeze({ pattern: pattern.source, params: Object.freeze(params), kind: channels[pattern.source] as Kind })
    }
    throw new MagpieError("UNKNOWN_CHANNEL", `no pattern of the contract matches "${name}"`, { details: { channel: name } })
  }

  return Object.freeze({
    channels,
    validate: validateMessage,
    validateState,
    match(name: string): ChannelMatch {
      const matched = known.get(name)
      if (matched !== undefined) return matched
      if (known.size >= MAX_REMEMBERED_NAMES) known.clear()
      const found = find(name)
      known.set(name, found)
      return found
    },
  })
}

/** A busy channel's name is looked at once, not with every message; how many are remembered is bounded. */
const MAX_REMEMBERED_NAMES = 4_096

function refuseAmbiguity(patterns: readonly Pattern[]): void {
  for (const [index, pattern] of patterns.entries()) {
    const twin = patterns.slice(index + 1).find((other) => samePattern(pattern, other))
    if (twin) throw new MagpieError("INVALID_OPTIONS", `contract: "${pattern.source}" and "${twin.source}" match the same names`)
  }
}

const MESSAGE_NAME = /^[A-Za-z][A-Za-z0-9_.-]{0,63}$/

function checkKind(pattern: string, kind: Kind): void {
  const refuse = (why: string): never => {
    throw new MagpieError("INVALID_OPTIONS", `contract: "${pattern}" ${why}`)
  }
  if (kind === null || typeof kind !== "object" || !["broadcast", "stream", "table", "command", "document"].includes(kind.kind)) {
    refuse("needs a kind: broadcast({ … }), stream({ … }), table({ … }), command({ … }) or document()")
  }
  if (kind.messages === null || typeof kind.messages !== "object") refuse("needs messages: schemas by the message's name")
  for (const [name, schema] of Object.entries(kind.messages)) {
    if (!MESSAGE_NAME.test(name)) refuse(`has a message "${name}": names are letters, digits, "_", "." and "-", at most 64, a letter first`)
    if (typeof schema?.["~standard"]?.validate !== "function") refuse(`message "${name}" needs a Standard Schema (zod, valibot, arktype)`)
  }
  if (kind.presence !== undefined && typeof kind.presence?.["~standard"]?.validate !== "function")
    refuse("presence needs a Standard Schema (zod, valibot, arktype)")
  if (kind.kind === "table") {
    const fault = faultInTable(kind)
    if (fault !== undefined) refuse(fault)
  }
  if (kind.kind === "command") {
    const fault = faultInCommands(kind)
    if (fault !== undefined) refuse(fault)
  }
  if (kind.kind === "stream" || kind.kind === "command") {
    const { maxCount, maxAgeMs } = kind.retention
    if (!Number.isSafeInteger(maxCount) || maxCount < 1) refuse("retention.maxCount must be a whole number of at least 1")
    if (!Number.isFinite(maxAgeMs) || maxAgeMs < 1_000) refuse("retention.maxAgeMs must be at least 1000")
    const fault = kind.kind === "stream" ? faultInChanges(kind.messages, kind.changes ?? {}) : undefined
    if (fault !== undefined) refuse(fault)
  }
}
