import type { Client } from "@magpie/client"
import type { Support } from "../contract.ts"
import { CHUNK_BYTES } from "../limits.ts"
import { toBase64 } from "./base64.ts"

/** So many pieces are on their way at a time. */
const AT_ONCE = 4

export interface UploadOptions {
  readonly visitor: string
  readonly upload: string
  readonly signal?: AbortSignal
  /** Bytes that the server has. */
  readonly onProgress: (sentBytes: number) => void
}

/**
 * Sends a file piece by piece, and begins behind the last piece that the server has. One client's pieces are stored in order, so the
 * newest one tells how far an earlier try came. Resolves when all of it is stored.
 */
export async function upload(client: Client<Support>, file: Blob, { visitor, upload, signal, onProgress }: UploadOptions): Promise<void> {
  const channel = client.channel(`support/file/${visitor}/${upload}`)
  const { messages } = await channel.history({ limit: 1 })
  const count = Math.ceil(file.size / CHUNK_BYTES)
  let stored = (messages.at(-1)?.data.index ?? -1) + 1
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
