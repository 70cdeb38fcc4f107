import { MagpieError, parseChannelName } from "@magpie/protocol"
import type { User } from "./identity.ts"

/** What may be done on which channels. */
export interface Capabilities {
  can(channel: string, action: string): boolean
}

/**
 * The same as it is written, in a claim or in an option: actions by pattern of channels. In a pattern, `*` and `:name` each
 * stand for any one segment, and everything else for itself, letter by letter.
 *
 * ```json
 * { "chat/:room": ["subscribe", "publish"], "users/42": ["history"] }
 * ```
 */
export type CapabilityClaim = Readonly<Record<string, readonly string[]>>

const MAX_PATTERNS = 256
const MAX_ACTIONS = 16
const MAX_ACTION_LENGTH = 32

/** What is granted on the way that a channel's name takes, segment by segment. */
interface Step {
  readonly fixed: Map<string, Step>
  any: Step | undefined
  readonly actions: Set<string>
}

const createStep = (): Step => ({ fixed: new Map(), any: undefined, actions: new Set() })

/**
 * Reads a claim once, so that each question costs its channel's segments and not the claim's patterns. Patterns add up: what
 * one of them grants is granted. Fails with BAD_REQUEST on a claim of another form, also where one entry is wrong, and on
 * one of more than 256 patterns.
 */
export function compileCapabilities(claim: unknown): Capabilities {
  if (typeof claim !== "object" || claim === null || Array.isArray(claim)) refuse("is no object of actions by pattern")
  const entries = Object.entries(claim)
  if (entries.length > MAX_PATTERNS) refuse(`has more than ${MAX_PATTERNS} patterns`)
  const root = createStep()
  for (const [pattern, actions] of entries) {
    const { actions: granted } = walk(root, segmentsOf(pattern))
    for (const action of actionsOf(pattern, actions)) granted.add(action)
  }
  return { can: (channel, action) => grants(root, channel.split("/"), 0, action) }
}

function walk(root: Step, segments: readonly string[]): Step {
  let step = root
  for (const segment of segments) {
    if (segment === ANY) {
      step.any ??= createStep()
      step = step.any
      continue
    }
    const next = step.fixed.get(segment) ?? createStep()
    step.fixed.set(segment, next)
    step = next
  }
  return step
}

const ANY = "*"
/** No channel has one; whoever asks about a name that nobody has checked is told no. */
const EMPTY_SEGMENT = /^\.{0,2}$/
const PARAMETER = /^:[a-z][A-Za-z0-9]{0,31}$/

/** A pattern's segments, each parameter as `*`. What no channel's name can hold, no pattern holds either. */
function segmentsOf(pattern: string): readonly string[] {
  const segments = pattern.split("/").map((segment) => (PARAMETER.test(segment) ? ANY : segment))
  if (segments.some((segment) => segment !== ANY && segment.includes(ANY))) refuse(`has "${pattern}", where * is only a part of a segment`)
  try {
    parseChannelName(segments.join("/"))
  } catch (cause) {
    refuse("has a pattern that is no name of a channel", cause)
  }
  return segments
}

function actionsOf(pattern: string, actions: unknown): readonly string[] {
  const isAction = (action: unknown): boolean => typeof action === "string" && action.length <= MAX_ACTION_LENGTH
  if (Array.isArray(actions) && actions.length <= MAX_ACTIONS && actions.every(isAction)) return actions
  return refuse(`has no list of at most ${MAX_ACTIONS} actions for "${pattern}"`)
}

/** Two ways at each segment at most; a claim of 256 patterns has no more ways than that in all. */
function grants(step: Step, name: readonly string[], index: number, action: string): boolean {
  const segment = name[index]
  if (segment === undefined) return step.actions.has(action)
  const fixed = step.fixed.get(segment)
  if (fixed !== undefined && grants(fixed, name, index + 1, action)) return true
  return step.any !== undefined && !EMPTY_SEGMENT.test(segment) && grants(step.any, name, index + 1, action)
}

function refuse(why: string, cause?: unknown): never {
  throw new MagpieError("BAD_REQUEST", `the claim of capabilities ${why}`, { cause })
}

export interface CapabilitiesOptions<U extends User> {
  /** The claim's name in the user's `claims`, as `jwt()` gives them. Default `magpie`. */
  readonly claim?: string
  /** Where the claim is found instead. */
  readonly of?: (user: U) => unknown
}

/** What is asked of a user's capabilities: the request that `authorize` gets, or a part of it. */
export interface CapabilityQuestion<U extends User> {
  readonly user: U | undefined
  readonly channel: string
  readonly action: string
}

/**
 * An `authorize` function that grants what a claim of the user's token says, and nothing where there is none or it is
 * malformed. Put it into a channel's rules as it is, or ask it inside an `authorize` of your own. The claim is read once for
 * each token, not for each message.
 *
 * ```ts
 * const can = capabilities()
 * server.channel("chat/:room", { authorize: (request) => can(request) && !banned.has(request.user?.id) })
 * ```
 */
export function capabilities<U extends User = User>(
  options: CapabilitiesOptions<U> = {},
): (question: CapabilityQuestion<NoInfer<U>>) => boolean {
  const { claim = "magpie", of = (user: U) => claimOf(user, claim) } = options
  const compiled = new WeakMap<U, Capabilities>()

  function compile(user: U): Capabilities {
    try {
      return compileCapabilities(of(user))
    } catch {
      return NONE
    }
  }

  return ({ user, channel, action }) => {
    if (user === undefined) return false
    let its = compiled.get(user)
    if (its === undefined) {
      its = compile(user)
      compiled.set(user, its)
    }
    return its.can(channel, action)
  }
}

const NONE: Capabilities = { can: () => false }

function claimOf(user: User, claim: string): unknown {
  const { claims } = user as { readonly claims?: unknown }
  return typeof claims === "object" && claims !== null && Object.hasOwn(claims, claim) ? Reflect.get(claims, claim) : undefined
}
