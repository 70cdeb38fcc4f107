import { expect, test } from "vitest"
import { PROGRESS_KEY } from "../rows/keys.ts"
import { memoryStorage } from "../storage/memory-storage.ts"
import { chunksOf, importRows } from "./snapshot-rows.ts"

const PLACE = { partition: 0, position: 1, mark: 1, hash: "0", epoch: "e1" }

test("[F107] a snapshot of which no state can be made is damaged, whatever its checksums say", async () => {
  const chunks = [...chunksOf([{ key: PROGRESS_KEY, value: Uint8Array.of(1, 2) }])]
  await expect(importRows({ ...PLACE, chunks }, memoryStorage(), 1)).rejects.toMatchObject({
    code: "UNRECOVERABLE",
    details: { reason: "corrupt", partition: 0, position: 1 },
  })
})
