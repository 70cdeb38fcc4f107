import { Violation } from "./judge/violation.ts"
import type { World } from "./world.ts"

/** A revocation takes a second where servers share a log, and its way into that log comes to it. */
const OUT_WITHIN_MS = 2_000
const HOLDS_FOR_MS = 3_000

/**
 * When nothing is wrong any more, somebody who is revoked is out within a second on every server, and nobody else notices
 * anything of it [I10]. `run` lets so much time pass.
 */
export async function probeRevocation({ revoker, judge, clients, climbing }: World, run: (ms: number) => Promise<void>): Promise<void> {
  const one = clients.at(-1)
  const others = clients.slice(0, -1)
  if (one === undefined) return
  const { name, publisher: page } = one
  // One that climbs to a better transport changes its link by itself.
  const connections = (): string => JSON.stringify(others.map(({ client: { status } }) => (climbing ? status.state === "closed" : status)))
  const before = connections()
  const said = judge.sometimes.get("revoked")
  const giveUp = revoker.revoke({ user: name }, HOLDS_FOR_MS)
  await run(OUT_WITHIN_MS)
  giveUp()
  if (judge.sometimes.get("revoked") === said) throw new Violation("I10", `${name} was not revoked within ${OUT_WITHIN_MS} ms`)
  const { state } = one.client.status
  // It may have logged in again; and what was issued after the moment at which the server's own clock stands is not taken back.
  if (one.publisher === page && judge.revocations.isOut(page) && state !== "closed")
    throw new Violation("I10", `${name} was revoked and is ${state}`)
  if (connections() !== before) throw new Violation("I10", `others than ${name}, who was revoked, went from ${before} to ${connections()}`)
}
