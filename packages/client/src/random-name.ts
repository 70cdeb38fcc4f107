import type { Random } from "@magpie/protocol"

/** So many random bytes, in hex. */
export function randomName(random: Random, bytes: number): string {
  return Array.from(random.bytes(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("")
}
