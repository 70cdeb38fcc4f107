import type { Random } from "@magpie/protocol"

const LENGTH = 10

/** A name for an epoch. */
export const randomEpoch = (random: Random): string => randomText(random, LENGTH)
/** A name for one opening of a log by a node. */
export const randomNode = (random: Random, name: string): string => `${name}.${randomText(random, LENGTH)}`
/** A name for what only this process knows. */
export const randomScope = (random: Random): string => randomText(random, LENGTH)

function randomText(random: Random, length: number): string {
  return Array.from(random.bytes(length), (byte) => (byte % 36).toString(36)).join("")
}
