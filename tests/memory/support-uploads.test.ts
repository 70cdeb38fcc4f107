import { afterEach, describe, expect, it } from "vitest"
import { upload } from "../../apps/support/src/attachments/upload.ts"
import { pagesFrom } from "../../apps/support/src/conversation/pages.ts"
import { supportRules } from "../../apps/support/src/index.ts"
import { CHUNK_BYTES } from "../../apps/support/src/limits.ts"
import { visitorIdOf } from "../../apps/support/src/visitor-id.ts"
import { codeOf, createSupportBed, OTHER_SECRET, type SupportBed } from "./support-bed.ts"

let bed: SupportBed
afterEach(() => bed.close())

const DAY_MS = 24 * 3_600_000
const PIECE = Buffer.alloc(CHUNK_BYTES).toString("base64")
const chunks = (client: ReturnType<SupportBed["visitor"]>, visitor: string, name = "aaaaaaaa") =>
  client.channel(`support/file/${visitor}/${name}`)

describe("attachments", () => {
  it("[G11] takes from one visitor what visitorUploadBytes allows in a day, in however many files, then says LIMIT_EXCEEDED", async () => {
    let now = 0
    bed = await createSupportBed({ visitorUploadBytes: 3 * CHUNK_BYTES, now: () => now })
    const one = bed.visitor()
    for (const name of ["aaaaaaaa", "bbbbbbbb", "cccccccc"])
      await bed.told(chunks(one, bed.me, name).send("chunk", { index: 0, base64: PIECE }))
    const refused = await bed.told(
      chunks(one, bed.me, "dddddddd")
        .send("chunk", { index: 0, base64: "" })
        .catch((error: unknown) => error),
    )
    expect(refused).toMatchObject({
      code: "LIMIT_EXCEEDED",
      details: { limit: "visitorUploadBytes", value: 3 * CHUNK_BYTES },
    })
    const another = bed.visitor(OTHER_SECRET)
    const id = await visitorIdOf(OTHER_SECRET)
    expect(await bed.told(codeOf(chunks(another, id).send("chunk", { index: 0, base64: PIECE })))).toBe("done")
    now = DAY_MS
    expect(await bed.told(codeOf(chunks(one, bed.me, "dddddddd").send("chunk", { index: 0, base64: PIECE })))).toBe("done")
  })

  it("does not count what agents send", async () => {
    bed = await createSupportBed({ visitorUploadBytes: CHUNK_BYTES })
    const mei = chunks(bed.agent("mei"), bed.me)
    for (let index = 0; index < 3; index++) expect(await bed.told(codeOf(mei.send("chunk", { index, base64: PIECE })))).toBe("done")
  })

  it("takes 50 MiB from one visitor in a day unless the server says otherwise", () => {
    const take = supportRules()["support/file/:visitor/:upload"].accept?.chunk
    const user = { id: "a", role: "visitor", name: "" } as const
    const piece = () => take?.({ user, channel: "", params: { visitor: "a", upload: "" }, connection: "", data: { index: 0, base64: "" } })
    for (let bytes = CHUNK_BYTES; bytes <= 50 * 1024 * 1024; bytes += CHUNK_BYTES) piece()
    expect(piece).toThrow(/^LIMIT_EXCEEDED/)
  })

  it.each([
    ["is missing in the middle", [0, 1, 3], [0, 1, 3, 2, 3, 4, 5]],
    ["came twice", [0, 1, 1], [0, 1, 1, 2, 3, 4, 5]],
  ])("[G2] goes on with the first piece that the server lacks, where one %s", async (_, before, after) => {
    bed = await createSupportBed()
    const one = bed.visitor()
    const channel = chunks(one, bed.me)
    const bytes = Uint8Array.from({ length: 6 * CHUNK_BYTES }, (_, index) => index % 251)
    const pieceOf = (index: number) => Buffer.from(bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)).toString("base64")
    for (const index of before) await bed.told(channel.send("chunk", { index, base64: pieceOf(index) }))
    await bed.told(upload(one, new Blob([bytes]), { visitor: bed.me, upload: "aaaaaaaa", onProgress: () => {} }))
    const all = async () => {
      const read = []
      for await (const page of pagesFrom(() => channel.history({ after: 0 }))) read.push(...page.messages)
      return read
    }
    const messages = await bed.told(all())
    expect(messages.map(({ data }) => data.index)).toEqual(after)
    expect(messages.every(({ data }) => data.base64 === pieceOf(data.index))).toBe(true)
  })
})
