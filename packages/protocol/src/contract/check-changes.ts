import type { AnyChanges } from "./kinds.ts"

/** The longest name of a reaction: an emoji of several parts has room. */
export const REACTION_LENGTH = 64
/** Names of reactions that one message may have, whatever the contract says of them. */
export const MOST_REACTIONS = 100
const FLAGS = ["edit", "delete"] as const

/** Why a stream cannot have these changes; undefined where it can. */
export function faultInChanges(messages: object, changes: AnyChanges): string | undefined {
  if (changes === null || typeof changes !== "object") return "changes must be an object by the message's name"
  for (const [name, its] of Object.entries(changes)) {
    if (!Object.hasOwn(messages, name)) return `has changes of "${name}", which is no message of it`
    if (its === null || typeof its !== "object") return `changes.${name} must be an object`
    const flag = FLAGS.find((each) => ![undefined, true, false, "any"].includes(its[each]))
    if (flag !== undefined) return `changes.${name}.${flag} must be true, false or "any"`
    if (its.append !== undefined && (typeof its.append !== "string" || its.append === "")) return `changes.${name}.append must name a field`
    if (![undefined, true, false].includes(its.versions)) return `changes.${name}.versions must be true or false`
    if (!isReactions(its.reactions))
      return `changes.${name}.reactions must be true, or at most ${MOST_REACTIONS} names of 1 to ${REACTION_LENGTH} characters`
  }
  return undefined
}

function isReactions(reactions: unknown): boolean {
  if (!Array.isArray(reactions)) return reactions === undefined || typeof reactions === "boolean"
  return reactions.length <= MOST_REACTIONS && reactions.every((each) => typeof each === "string" && isReaction(each))
}

export function isReaction(name: string): boolean {
  return name.length >= 1 && name.length <= REACTION_LENGTH
}
