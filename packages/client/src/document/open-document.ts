import { type AckLevel, type DocumentMessage, decodeBase64, MagpieError, UPDATE } from "@magpie/protocol"
import { applyUpdate, Doc, encodeStateAsUpdate, encodeStateVector, equalSnapshots, snapshot } from "yjs"
import { badField } from "../bad-field.ts"
import type { DocumentChannel, Received, StreamChannel } from "../channel.ts"
import { extend } from "../extension.ts"
import { createListeners, type ListenersOf } from "../listeners.ts"
import { createSaving, type Edit } from "./saving.ts"
import type { DocumentStore, KeptDocument } from "./stored-documents.ts"

export type DocumentState =
  /** Not all that the server has is here: before the first answer, and while there is no link. It can be edited all the same. */
  | { readonly state: "loading" }
  /** Everything that the server has is here, and what others edit comes. */
  | { readonly state: "live" }
  /** The server does not give the document, or does not take an edit. What was edited since is here alone. */
  | { readonly state: "refused"; readonly error: MagpieError }
  | { readonly state: "closed" }

export interface DocumentEvents {
  state: DocumentState
  /** Whether every edit of this client is stored; told when that changes [G8]. */
  saved: boolean
}

export interface OpenDocumentOptions {
  /** The Yjs document to edit. Default: a new one. What it holds already is taken as edits of this client. */
  readonly doc?: Doc
  /** Keeps the document on this device: `storedDocuments({ name })`. Default: edits live as long as the page. */
  readonly store?: DocumentStore
}

/** A document that is followed and edited, from when it is opened until `close`. */
export interface SharedDocument {
  /** Edit it as any document of Yjs, online or not; editors and other bindings take it as it is. */
  readonly doc: Doc
  readonly state: DocumentState
  /** Whether every edit of this client is stored, so that what `level` names cannot lose it [G8]. */
  readonly saved: boolean
  /** What a crash must do to lose what is saved; undefined before the first edit was stored. */
  readonly level: AckLevel | undefined
  /** Updates that are not stored yet. */
  readonly unsaved: number
  /** Resolves when what this device has kept is in `doc`; at once without a store. */
  readonly ready: Promise<void>
  on<E extends keyof DocumentEvents>(event: E, listener: (value: DocumentEvents[E]) => void): () => void
  /** Follows and saves no longer; `doc` stays as it is. Idempotent. */
  close(): void
}

const OPENED = new WeakSet<object>()
/** The channels behind documents that are open. */
const CHANNELS = new WeakMap<SharedDocument, object>()

/** Fails with BAD_REQUEST on what is no document that `openDocument` gave. */
export function channelOf(document: SharedDocument): object {
  const channel = CHANNELS.get(document)
  if (channel === undefined) throw badField("document", "must come from openDocument")
  return channel
}

/**
 * Opens a document: gives it what the server has, and the server what is edited here. One at a time for each channel. Fails with
 * BAD_REQUEST on what is no document of a client, CONFLICT where it is open already, and CLOSED.
 */
export function openDocument<K, Unknown extends undefined>(
  channel: DocumentChannel<K, Unknown>,
  { doc = new Doc(), store }: OpenDocumentOptions = {},
): SharedDocument {
  const inside = extend(channel)
  const { name, subscription, start, onError, random } = inside
  if (!["document", undefined].includes(inside.kindName())) throw badField("channel", "must be a document")
  start()
  if (OPENED.has(channel)) throw new MagpieError("CONFLICT", `the document "${name}" is open already`)
  OPENED.add(channel)
  const listeners: ListenersOf<DocumentEvents> = { state: createListeners(onError, name), saved: createListeners(onError, name) }
  let state: DocumentState = { state: "loading" }
  let wasSaved = true
  /** The offset with which everything is here that the server had when it was asked; undefined until it has answered. */
  let newest: number | undefined
  /** What the server has, while it gives everything anew. */
  let anew: Doc | undefined
  /** Whose edits are kept here: a user's, or nobody's, which is null. */
  let owner: string | null | undefined
  /** Marks what is not edited here among the changes of the document. */
  const origin = {}
  const kept: KeptDocument | undefined = store?.open(name, random, onError)

  const saving = createSaving(inside, {
    saved(edits: readonly Edit[]) {
      kept?.forget(edits.flatMap(({ key }) => key ?? []))
      tellSaved()
    },
    refused: (error) => transition({ state: "refused", error }),
  })

  function transition(next: DocumentState): void {
    if (state.state === "closed") return
    const before = state.state
    state = next
    if (next.state === "refused" || next.state === "closed") saving.pause()
    if (next.state !== before) listeners.state.emit(next)
  }

  function tellSaved(): void {
    const isSaved = saving.pending === 0
    if (isSaved === wasSaved) return
    wasSaved = isSaved
    listeners.saved.emit(isSaved)
  }

  function push(update: Uint8Array): void {
    saving.push({ update, key: kept?.edit(update) })
    tellSaved()
  }

  function edited(update: Uint8Array, from: unknown): void {
    if (from !== origin) push(update)
  }

  function receive({ data, offset }: Pick<Received, "data" | "offset">): void {
    const bytes = decodeBase64(String(Object(data).update))
    try {
      if (bytes === undefined) throw new MagpieError("BAD_REQUEST", "it is no Base64")
      applyUpdate(doc, bytes, origin)
      if (anew !== undefined) applyUpdate(anew, bytes)
      if (subscription.position) kept?.update(bytes, subscription.position, () => encodeStateAsUpdate(doc))
    } catch (cause) {
      onError(new MagpieError("DOC_REJECTED", `update ${offset} of "${name}" cannot be read`, { cause }))
    }
    lookWhetherLevel()
  }

  function lookWhetherLevel(): void {
    const { position } = subscription
    if (newest === undefined || position === undefined || position.offset < newest) return
    if (anew !== undefined) giveBack(anew)
    anew = undefined
    if (state.state === "loading") transition({ state: "live" })
  }

  /** The server has lost what it had once: whoever has it still gives it back. */
  function giveBack(server: Doc): void {
    if (!equalSnapshots(snapshot(doc), snapshot(server))) push(encodeStateAsUpdate(doc, encodeStateVector(server)))
    server.destroy()
  }

  function answered(message: DocumentMessage): void {
    if (state.state === "closed") return
    const user = inside.user() ?? null
    if (owner !== undefined && owner !== user) {
      return transition({ state: "refused", error: new MagpieError("CONFLICT", `what is kept of "${name}" is another user's`) })
    }
    if (owner === undefined) kept?.own(user ?? undefined)
    owner = user
    newest = message.newest
    transition({ state: "loading" })
    lookWhetherLevel()
    saving.begin(message.updateBytes)
  }

  function end(): void {
    if (state.state === "closed") return
    transition({ state: "closed" })
    doc.off("update", edited)
    for (const stop of stops) stop()
    for (const each of Object.values(listeners)) each.clear()
    saving.end()
    OPENED.delete(channel)
  }

  function follow(): void {
    // The object has what each kind has; its type picks from that.
    const messages = channel as unknown as StreamChannel<{ readonly messages: Readonly<Record<typeof UPDATE, never>> }>
    stops.push(
      subscription.on("gap", ({ reason }) => {
        // Where it lies behind the beginning, the server cannot read it, and nobody has it unless somebody wrote it here.
        if (newest === undefined) anew = new Doc()
        else if (reason === "corrupt") onError(new MagpieError("UNRECOVERABLE", `the server has lost a part of "${name}"`))
      }),
      subscription.on("state", (next) => {
        if (next.state === "subscribing") newest = undefined
        if (next.state === "refused") transition(next)
      }),
      messages.on(UPDATE, receive),
    )
  }

  /** What this device has comes first, so that the server is asked for what is missing. */
  async function begin(keeping: KeptDocument): Promise<void> {
    const rows = await keeping.rows
    if (state.state === "closed") return
    owner = rows?.owner
    try {
      for (const update of rows?.updates.values() ?? []) applyUpdate(doc, update, origin)
      for (const [key, update] of rows?.unsaved ?? []) {
        applyUpdate(doc, update, origin)
        saving.push({ update, key })
      }
    } catch (cause) {
      onError(new MagpieError("UNRECOVERABLE", `what is kept of "${name}" cannot be read`, { cause }))
    }
    tellSaved()
    const position = rows?.position
    // The subscription says what becomes of it.
    if (position !== undefined) (channel as unknown as StreamChannel<never>).subscribe({ position }).catch(() => {})
    follow()
  }

  const before = encodeStateAsUpdate(doc)
  // Two bytes say that there is nothing.
  if (before.length > 2) push(before)
  doc.on("update", edited)
  const stops = [
    inside.follow(
      { document: { channel: "string", newest: "number", updateBytes: "number" } },
      {
        receive: answered,
        offline() {
          newest = undefined
          saving.pause()
          if (state.state !== "refused") transition({ state: "loading" })
        },
        close() {
          end()
          void store?.close()
        },
      },
    ),
  ]
  const ready = kept === undefined ? Promise.resolve(follow()) : begin(kept)

  const opened: SharedDocument = {
    doc,
    ready,
    get state() {
      return state
    },
    get saved() {
      return saving.pending === 0
    },
    get level() {
      return saving.level
    },
    get unsaved() {
      return saving.pending
    },
    on: (event, listener) => listeners[event].add(listener),
    close: end,
  }
  CHANNELS.set(opened, channel)
  return opened
}
