import { MagpieError } from "@magpie/protocol"
import { expect, test } from "vitest"
import { createLateTransport } from "./late-transport.ts"
import type { LinkEvents, Transport } from "./transport.ts"

/** A link over a transport that arrives when the test says so, and what its owner was told. */
function lateLink() {
  const told: unknown[][] = []
  const done: unknown[][] = []
  let inner: LinkEvents | undefined
  const transport: Transport = {
    open(url, protocols, events) {
      done.push(["open", url, protocols])
      inner = events
      return { bufferedBytes: 7, send: (frame) => done.push(["send", frame]), close: (...how) => done.push(["close", ...how]) }
    },
  }
  const loading = { resolve: (_given: Transport) => {}, reject: (_cause: Error) => {} }
  const loaded = new Promise<Transport>((resolve, reject) => Object.assign(loading, { resolve, reject }))
  const link = createLateTransport(() => loaded).open("ws://x/magpie", ["p"], {
    onOpen: () => told.push(["open"]),
    onMessage: (frame) => told.push(["message", frame]),
    onClose: (...end) => told.push(["close", ...end]),
  })
  return { transport, loading, link, told, done, inner: () => inner }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

test("opens the link when the transport is there, and passes everything on", async () => {
  const { transport, loading, link, told, done, inner } = lateLink()
  link.send("too early")
  expect(link.bufferedBytes).toBe(0)
  loading.resolve(transport)
  await turn()
  inner()?.onOpen()
  link.send("frame")
  link.close(4001, "why")
  inner()?.onClose(4001, "why")
  expect(done).toEqual([
    ["open", "ws://x/magpie", ["p"]],
    ["send", "frame"],
    ["close", 4001, "why"],
  ])
  expect(told).toEqual([["open"], ["close", 4001, "why"]])
  expect(link.bufferedBytes).toBe(7)
})

test("a link that is closed before its transport is there is never opened, and told so once", async () => {
  const { transport, loading, link, told, done } = lateLink()
  link.close(1000, "")
  expect(told).toEqual([])
  loading.resolve(transport)
  await turn()
  link.close(1000, "")
  await turn()
  expect(told).toEqual([["close", 1000, ""]])
  expect(done).toEqual([])
})

test("a transport that cannot be had ends the link with the reason why no attempt can succeed", async () => {
  const { loading, link, told } = lateLink()
  const cause = new MagpieError("INVALID_OPTIONS", "transport: none")
  loading.reject(cause)
  await turn()
  link.close(1000, "")
  await turn()
  expect(told).toEqual([["close", 1006, "", cause]])
})

test("a link that cannot be opened this time may be tried again", async () => {
  const { loading, told } = lateLink()
  loading.resolve({
    open() {
      throw new Error("not now")
    },
  })
  await turn()
  expect(told).toEqual([["close", 1006, "", undefined]])
})
