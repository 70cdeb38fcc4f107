import { isEmptySegment, textProblem } from "../channel-name.ts"
import { MagpieError } from "../errors.ts"
import { DEFAULT_LIMITS } from "../limits.ts"

/** One pattern of the contract, cut into segments: fixed text, or a parameter that matches any one segment. */
export interface Pattern {
  readonly source: string
  readonly segments: readonly PatternSegment[]
}

type PatternSegment = { readonly fixed: string } | { readonly param: string }

const PARAM_NAME = /^[a-z][A-Za-z0-9]{0,31}$/

/**
 * Reads `chat/:room`. Fails with INVALID_OPTIONS on an empty segment, a bad or repeated parameter name, and on text that
 * no channel name can hold.
 */
export function parsePattern(source: string): Pattern {
  const refuse = (why: string): never => {
    throw new MagpieError("INVALID_OPTIONS", `contract: pattern "${source}" ${why}`)
  }
  const problem = textProblem(source, DEFAULT_LIMITS.channelNameBytes)
  if (problem !== undefined) refuse(problem)
  const params = new Set<string>()
  const segments = source.split("/").map((segment): PatternSegment => {
    if (isEmptySegment(segment)) return refuse("has an empty segment or one of dots")
    if (!segment.startsWith(":")) return { fixed: segment }
    const param = segment.slice(1)
    if (!PARAM_NAME.test(param)) refuse(`has a parameter "${segment}" that is not a lower-camel-case name`)
    if (params.has(param)) refuse(`names the parameter "${param}" twice`)
    params.add(param)
    return { param }
  })
  return { source, segments }
}

/** The parameters when the name's segments fit the pattern. */
export function matchPattern(pattern: Pattern, name: readonly string[]): Readonly<Record<string, string>> | undefined {
  if (pattern.segments.length !== name.length) return undefined
  const params: Record<string, string> = Object.create(null)
  for (const [index, segment] of pattern.segments.entries()) {
    const part = name[index] ?? ""
    if ("param" in segment) params[segment.param] = part
    else if (segment.fixed !== part) return undefined
  }
  return params
}

/** Orders patterns so that the first match is the most specific: fixed text goes before a parameter, from the left. */
export function comparePatterns(a: Pattern, b: Pattern): number {
  for (const [index, segment] of a.segments.entries()) {
    const other = b.segments[index]
    if (other === undefined) return 1
    if ("fixed" in segment !== "fixed" in other) return "fixed" in segment ? -1 : 1
  }
  return a.segments.length - b.segments.length
}

/** Whether two patterns match exactly the same names, which a contract refuses. */
export function samePattern(a: Pattern, b: Pattern): boolean {
  return (
    a.segments.length === b.segments.length &&
    a.segments.every((segment, index) => {
      const other = b.segments[index]
      if (other === undefined) return false
      return "fixed" in segment ? "fixed" in other && segment.fixed === other.fixed : "param" in other
    })
  )
}
