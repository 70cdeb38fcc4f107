import { jsonServerCodec, type ServerCodec, toJsonText } from "@magpie/protocol"
import { expect, it } from "vitest"
import { HEADROOM_BYTES, payloadOf } from "../flow/batch.ts"
import { deliveryOf, roomFor } from "./delivery.ts"

const publication = { channel: "a", name: "n", at: 1, offset: 1, data: toJsonText("x") }
const publications = [publication, { ...publication, offset: 2 }]

/** Writes so many bytes for each message, and counts how often. */
function codecOf(bytes: number): ServerCodec & { written: number } {
  return {
    ...jsonServerCodec,
    written: 0,
    encodePublication() {
      this.written += 1
      return new Uint8Array(bytes)
    },
    join: (parts) => new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0)),
  }
}

it("is written once for each codec, in the order of its messages, and in another one only when that is asked for", () => {
  const delivery = deliveryOf(publications, jsonServerCodec)
  const [one, two] = [codecOf(100), codecOf(300)]
  expect(new TextDecoder().decode(payloadOf(delivery.in(jsonServerCodec).joined[0])).split("\n")).toHaveLength(2)
  expect(delivery.in(jsonServerCodec).joined).toBe(delivery.joined)
  expect(delivery.in(one)).toBe(delivery.in(one))
  delivery.in(two).single()
  expect([one.written, two.written]).toEqual([2, 2])
  expect([delivery.in(one), delivery.in(two)].map(({ joined: [batch] }) => [batch.text, batch.bytes, batch.messages])).toEqual([
    [false, 200, 2],
    [false, 600, 2],
  ])
})

it("[G6] takes the room that it takes in its recipient's codec", () => {
  const delivery = deliveryOf(publications, jsonServerCodec)
  const own = delivery.joined[0].buffer.length
  const request = { plain: false }
  expect(roomFor(delivery, { codec: jsonServerCodec, request })).toBe(own)
  expect(roomFor(delivery, { codec: jsonServerCodec, request: { plain: true } })).toBe(own + HEADROOM_BYTES)
  expect(roomFor(delivery, { codec: codecOf(5_000), request })).toBe(10_000 + HEADROOM_BYTES)
})
