import type { JsonText } from "@magpie/protocol"
import { describe, expect, it } from "vitest"
import { type BusMessage, decodeBusMessage, deltasOf, encodeBusMessage, readClaimRow, readFarewellRow } from "./bus-message.ts"
import type { Claim, Farewell } from "./claims.ts"

/** What the port allows in one message. */
const LONGEST_BYTES = 131_072

const claim = (index: number, state: unknown): Claim => {
  const text = JSON.stringify(state) as JsonText
  const bytes = new TextEncoder().encode(text).length
  return { member: `m${index}`, user: index % 2 === 0 ? "ann" : undefined, at: 1, node: "a", link: 2, revision: index, state: text, bytes }
}
const farewell = (index: number): Farewell => ({ member: `m${index}`, node: "a", link: 2, revision: index })

/** As another node reads them. */
function sent(messages: readonly BusMessage[]): readonly BusMessage[] {
  return messages.map((message) => {
    const bytes = encodeBusMessage(message)
    expect(bytes.length).toBeLessThanOrEqual(LONGEST_BYTES)
    return decodeBusMessage(bytes) ?? expect.fail("it cannot be read")
  })
}

describe("deltas", () => {
  it.each([
    ["short", "x"],
    ["long", "x".repeat(32_000)],
    ["escaped twice", '"\\'.repeat(8_000)],
    ["of other scripts", "鵲".repeat(10_000)],
  ])("bring 200 claims and 500 farewells whole, in messages that the bus takes, where states are %s", (_name, state) => {
    const claims = Array.from({ length: 200 }, (_, index) => claim(index, state))
    const farewells = Array.from({ length: 500 }, (_, index) => farewell(index))
    const read = sent(deltasOf("a", claims, farewells))
    const put: Claim[] = []
    const bye: Farewell[] = []
    for (const message of read) {
      if (message.kind !== "delta") continue
      put.push(...message.put.map((row) => readClaimRow(message.node, row)))
      bye.push(...message.bye.map((row) => readFarewellRow(message.node, row)))
    }
    expect(put).toEqual(claims)
    expect(bye).toEqual(farewells)
  })

  it("are none where there is nothing to say", () => {
    expect(deltasOf("a", [])).toEqual([])
  })
})

const DELTA = '"kind":"delta","node":"b"'
it.each([
  ...["", "{", "null", "[]", "7", '{"kind":"delta"}', '{"node":"a"}', '{"kind":"shout","node":"a"}', '{"kind":["delta"],"node":"a"}'],
  ...['{"kind":"toString","node":"a"}', `{${DELTA}}`, `{${DELTA},"put":[]}`, `{${DELTA},"put":{},"bye":[]}`],
  ...[`{${DELTA},"put":[null],"bye":[]}`, `{${DELTA},"put":[],"bye":[["m"]]}`, `{${DELTA},"put":[],"bye":[["m",1,"2"]]}`],
  ...["{", "1\\n", '"', ""].map((state) => `{${DELTA},"put":[["m1",null,1,0,1,"${state}"]],"bye":[]}`),
  ...['["m1",7,1,0,1,"1"]', '["m1",null,"1",0,1,"1"]', '["m1",null,1,-1,1,"1"]', '["m1",null,1,0,1e300,"1"]'].map(
    (row) => `{${DELTA},"put":[${row}],"bye":[]}`,
  ),
  ...[
    '{"kind":"bucket","node":"b","index":0,"of":1,"revision":1}',
    '{"kind":"bucket","node":"b","index":0,"of":1,"revision":1,"named":[7]}',
  ],
  ...[
    '{"kind":"sums","node":"b","sums":["1"]}',
    '{"kind":"digest","node":"b","rooms":[["room",1]]}',
    '{"kind":"open","node":"b","channels":[1]}',
  ],
  '{"kind":"ask","node":"b","to":"a","channel":"c","of":1}',
])("[G11] what is no message of this version is left alone: %s", (text) => {
  expect(decodeBusMessage(new TextEncoder().encode(text))).toBeUndefined()
})

it("what a later version says besides is left out of account", () => {
  const text = `{${DELTA},"put":[["m1",null,1,0,1,"{}","more"]],"bye":[["m2",1,2,3]],"more":1}`
  expect(decodeBusMessage(new TextEncoder().encode(text))).toMatchObject({ kind: "delta", node: "b" })
})
