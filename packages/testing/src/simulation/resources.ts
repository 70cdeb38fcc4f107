import { addressOf } from "./faults/client-faults.ts"
import { Violation } from "./judge/violation.ts"
import type { World } from "./world.ts"

/** Beside what the cap counts: answers and refusals, which nobody waits with. */
const ANSWERS_BYTES = 16_384
const TIMERS_PER_PARTY = 400

/** What is queued for one connection, looked at whenever more was put there [G6]. */
export function checkQueue(bytes: number, { judge, queuedBytes }: Pick<World, "judge" | "queuedBytes">): void {
  const cap = queuedBytes + ANSWERS_BYTES
  if (bytes > cap) judge.broken(new Violation("I18", `${bytes} bytes are queued for a connection, at most ${cap} may be`))
}

/** What a remote side can make grow over several connections stays under its cap, and so do timers, each time one looks [G6]. */
export function checkResources({ network, clients, nodes, hostile, scheduler, judge, queuedBytes }: World): void {
  const addresses = [...clients.map((_, index) => addressOf(index)), hostile.user]
  for (const address of addresses) {
    const held = network.heldBytes(address)
    const cap = network.linksOf(address) * (queuedBytes + ANSWERS_BYTES)
    if (held > 0) judge.reached("bytes-held-for-slow-reader")
    if (held > cap) judge.broken(new Violation("I18", `${held} bytes are held for ${address}, at most ${cap} may be`))
  }
  const cap = TIMERS_PER_PARTY * (addresses.length + nodes.length)
  if (scheduler.pending > cap) judge.broken(new Violation("I18", `${scheduler.pending} timers are pending, at most ${cap} may be`))
}
