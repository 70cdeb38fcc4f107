import type { Client, StreamChannel } from "@magpie/client"
import type { KindOf } from "@magpie/protocol"
import type { Support } from "../contract.ts"
import { pagesFrom } from "../conversation/pages.ts"
import { CHUNK_BYTES } from "../limits.ts"
import { toBase64 } from "./base64.ts"

/** So many pieces are on their way at a time. */
const AT_ONCE = 4

type Pieces = StreamChannel<KindOf<Support, "support/file/:visitor/:upload">, undefined>

export interface UploadOptions {
  readonly visitor: string
  readonly upload: string
  readonly signal?: AbortSignal
  /** Bytes that the server has. */
  readonly onProgress: (sentBytes: number) => void
}

/** Sends a file piece by piece, and begins with the first piece that the server lacks. Resolves when all of it is stored. */
export async function upload(client: Client<Support>, file: Blob, { visitor, upload, signal, onProgress }: UploadOptions): Promise<void> {
  const channel = client.channel(`support/file/${visitor}/${upload}`)
  const count = Math.ceil(file.size / CHUNK_BYTES)
  let stored = await firstMissing(channel)
  const tellProgress = () => onProgress(Math.min(file.size, stored * CHUNK_BYTES))
  tellProgress()
  const underway: Promise<void>[] = []
  for (let index = stored; index < count; index++) {
    signal?.throwIfAborted()
    const piece = file.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)
    const base64 = toBase64(new Uint8Array(await piece.arrayBuffer()))
    const sent = channel.send("chunk", { index, base64 }).then(() => {
      stored += 1
      tellProgress()
    })
    sent.catch(() => {})
    underway.push(sent)
    if (underway.length >= AT_ONCE) await underway.shift()
  }
  await Promise.all(underway)
}

/** Pieces are stored in order. Where there are more or fewer entries than the newest one says, one came twice, or was refused. */
async function firstMissing(channel: Pieces): Promise<number> {
  const { messages, position } = await channel.history({ limit: 1 })
  const next = (messages.at(-1)?.data.index ?? -1) + 1
  if (position.offset === next) return next
  const known = new Set<number>()
  for await (const page of pagesFrom(() => channel.history({ after: 0, limit: 10 })))
    for (const { data } of page.messages) known.add(data.index)
  let index = 0
  while (known.has(index)) index++
  return index
}
