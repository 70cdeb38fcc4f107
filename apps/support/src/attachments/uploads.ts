import type { Client } from "@magpie/client"
import { createStore } from "@magpie/frame/store"
import { isMagpieError } from "@magpie/protocol"
import type { Support } from "../contract.ts"
import type { FileLine } from "../conversation/lines.ts"
import { MAX_ATTACHMENT_BYTES } from "../limits.ts"
import { type KeptFile, keptFiles } from "./kept-files.ts"
import { upload } from "./upload.ts"

export interface UploadView {
  readonly upload: string
  readonly title: string
  readonly size: number
  readonly sent: number
  /** `full`: the server takes no more of this visitor's files today. */
  readonly failure: "none" | "full" | "other"
}

export interface UploadsOptions {
  readonly client: Client<Support>
  readonly visitor: string
  /** Names what is kept on this device. */
  readonly device: string
  /** All of it is stored, and the conversation has been told. */
  readonly onDone: () => void
}

export type Uploads = ReturnType<typeof createUploads>

/** The files that are being sent to one conversation, those from before a reload too; each by one window at a time. */
export function createUploads({ client, visitor, device, onDone }: UploadsOptions) {
  const kept = keptFiles(`${device}/${visitor}`)
  const view = createStore<readonly UploadView[]>([])
  const begun = new Map<string, { readonly file: KeptFile; readonly stop: AbortController }>()

  const change = (id: string, some: Partial<UploadView>): void =>
    view.set(view.get().map((each) => (each.upload === id ? { ...each, ...some } : each)))

  async function drop(id: string): Promise<void> {
    begun.delete(id)
    view.set(view.get().filter((each) => each.upload !== id))
    await kept.remove(id)
  }

  const run = (file: KeptFile): Promise<void> =>
    navigator.locks.request(file.upload, { ifAvailable: true }, async (lock) => {
      if (lock !== null) await send(file)
    })

  async function send(file: KeptFile): Promise<void> {
    const { upload: id, title, blob } = file
    const stop = new AbortController()
    begun.set(id, { file, stop })
    view.set([...view.get().filter((each) => each.upload !== id), { upload: id, title, size: blob.size, sent: 0, failure: "none" }])
    try {
      await upload(client, blob, { visitor, upload: id, signal: stop.signal, onProgress: (sent) => change(id, { sent }) })
      const line: FileLine = { upload: id, title, type: blob.type, size: blob.size }
      // Stored or in the outbox, which outlives the page; it is one announcement by its reference.
      void client
        .channel(`support/talk/${visitor}`)
        .send("file", line, { ref: id })
        .catch(() => {})
      onDone()
      await drop(id)
    } catch (error) {
      if (!stop.signal.aborted) change(id, { failure: isMagpieError(error) && error.code === "LIMIT_EXCEEDED" ? "full" : "other" })
    }
  }

  void kept.all().then(
    (files) => files.forEach((file) => void run(file)),
    () => {},
  )

  return {
    view,
    /** False where it is larger than `MAX_ATTACHMENT_BYTES`, or empty. */
    add(file: File): boolean {
      if (file.size > MAX_ATTACHMENT_BYTES || file.size === 0) return false
      const next = { upload: crypto.randomUUID().replaceAll("-", ""), title: file.name.slice(0, 200) || "file", blob: file }
      // Where it cannot be kept it is sent all the same; only a reload ends it then.
      void kept
        .put(next)
        .catch(() => {})
        .then(() => run(next))
      return true
    },
    retry(id: string): void {
      const known = begun.get(id)
      if (known !== undefined) void run(known.file)
    },
    cancel(id: string): void {
      begun.get(id)?.stop.abort()
      void drop(id).catch(() => {})
    },
  }
}
