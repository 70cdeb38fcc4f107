import type { Client } from "@magpie/client"
import type { Support } from "../contract.ts"
import type { FileLine } from "../conversation/lines.ts"
import { pagesFrom } from "../conversation/pages.ts"
import { CHUNK_BYTES } from "../limits.ts"
import { fromBase64 } from "./base64.ts"

/** Reads an attachment from its log. A piece that was sent twice counts once. Fails where a piece is missing. */
export async function download(client: Client<Support>, visitor: string, { upload, size, type }: FileLine): Promise<Blob> {
  const channel = client.channel(`support/file/${visitor}/${upload}`)
  const pieces = new Map<number, string>()
  for await (const { messages } of pagesFrom(() => channel.history({ after: 0, limit: 10 })))
    for (const { data } of messages) pieces.set(data.index, data.base64)
  const parts = Array.from({ length: Math.ceil(size / CHUNK_BYTES) }, (_, index) => {
    const piece = pieces.get(index)
    if (piece === undefined) throw new Error(`piece ${index} of the attachment is missing`)
    return fromBase64(piece)
  })
  return new Blob(parts, { type })
}

/** Hands it to the visitor's own downloads; what came over the wire is never shown as a page. */
export async function saveAttachment(client: Client<Support>, visitor: string, file: FileLine): Promise<void> {
  saveBlob(await download(client, visitor, { ...file, type: "application/octet-stream" }), file.title)
}

export function saveBlob(blob: Blob, title: string): void {
  const link = document.createElement("a")
  link.href = URL.createObjectURL(blob)
  link.download = title
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
