import { isMagpieError } from "@magpie/protocol"
import { expect, test } from "vitest"
import * as Y from "yjs"
import { workerJoiner } from "../../packages/server/src/node/worker-joiner.ts"

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64")

/** Updates of somebody who writes and deletes. */
function updatesOf(rounds: number): { readonly doc: Y.Doc; readonly updates: readonly string[] } {
  const doc = new Y.Doc()
  const updates: string[] = []
  doc.on("update", (update: Uint8Array) => updates.push(base64(update)))
  for (let round = 0; round < rounds; round++) {
    doc.getText("t").insert(doc.getText("t").length >> 1, `${round} `)
    if (round % 3 === 0) doc.getText("t").delete(0, 2)
  }
  return { doc, updates }
}

const codeOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => "resolved",
    (error) => (isMagpieError(error) ? error.code : error),
  )

test("[F99] updates are joined in a thread of their own, to what Yjs makes of all of them", async () => {
  const joiner = workerJoiner()
  const { doc, updates } = updatesOf(300)
  const joined = await joiner.join(updates, 60_000)
  expect(joined).toBe(base64(Y.encodeStateAsUpdate(doc)))
  await joiner.close()
})

test("[F93] one that takes too long is ended, one that Yjs fails on is refused, and the next ones work", async () => {
  const joiner = workerJoiner()
  const { updates } = updatesOf(3_000)
  expect(await codeOf(joiner.join(updates, 1))).toBe("TIMEOUT")
  expect(await codeOf(joiner.join(["AQEBAQEBAQEBAQ=="], 60_000))).toBe("DOC_REJECTED")
  expect(await codeOf(joiner.join(updates.slice(0, 10), 60_000))).toBe("resolved")
  await joiner.close()
  expect(await codeOf(joiner.join(updates, 60_000))).toBe("CLOSED")
})

test("says so where there is no worker to run", async () => {
  const joiner = workerJoiner(new URL("file:///there/is/none.js"))
  expect(await codeOf(joiner.join([], 60_000))).toBe("UNAVAILABLE")
  await joiner.close()
})
