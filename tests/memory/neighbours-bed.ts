import { broadcast, contract, stream, table } from "@magpie/protocol"
import { anonymous, type IngressPublish, type IngressRecord, type User } from "@magpie/server"
import { createTestBed, type TestBed, type TestBedOptions } from "@magpie/testing"
import { z } from "zod"

const Order = z.object({ state: z.string() })

/** Orders come from another system, and what is said in rooms goes to it. */
export const app = contract({
  "orders/:id": stream({ messages: { changed: Order } }),
  "room/:name": stream({ messages: { say: z.string().max(20) }, retention: { maxCount: 50 } }),
  stock: table({ key: z.string(), value: z.object({ count: z.number() }) }),
  "cursor/:room": broadcast({ messages: { move: z.number() } }),
  places: table({ key: z.string(), value: z.object({ epoch: z.string(), offset: z.number(), mark: z.string().optional() }) }),
  fleeting: table({ key: z.string(), value: z.any(), durability: "memory" }),
})
export type App = typeof app
export type NeighboursBed = TestBed<App, User>

const OPEN = { authorize: () => true }

export function startNeighbours(options: Partial<TestBedOptions<App, User>> = {}): Promise<NeighboursBed> {
  const rules = { "orders/:id": OPEN, "room/:name": OPEN, stock: OPEN, "cursor/:room": OPEN, places: OPEN, fleeting: OPEN }
  return createTestBed(app, { auth: anonymous(), ...options, rules })
}

/** `{ key, value: state }` as a publish of that order. */
export function orderOf(record: IngressRecord): IngressPublish<App> {
  return { channel: `orders/${record.key}`, name: "changed", data: { state: record.text() } }
}

/** The states of an order as they are stored, with their offsets. */
export function statesOf(bed: NeighboursBed, id: string): readonly string[] {
  return bed.server
    .channel(`orders/${id}`)
    .history({ last: 1_000 })
    .map(({ offset, data }) => `${offset} ${data.state}`)
}

const STEP_MS = 10
const LIMIT_MS = 300_000

/** Looks again each few milliseconds, because much of what neighbours do takes turns and no time. */
export async function until({ clock }: Pick<NeighboursBed, "clock">, fact: () => boolean): Promise<void> {
  for (let waited = 0; !fact(); waited += STEP_MS) {
    if (waited > LIMIT_MS) throw new Error(`the fact did not come true within ${LIMIT_MS} ms of fake time`)
    await clock.advance(STEP_MS)
  }
}
