import { encodeBase64, type MagpieError, type Position, type Random, toMagpieError } from "@magpie/protocol"
import { openLanes } from "#lanes"
import { badField } from "../bad-field.ts"
import { createLaneWriter, type LaneWriter } from "../lanes/lane-writer.ts"
import type { Lane, Lanes } from "../lanes/lanes.ts"
import { openLane } from "../lanes/open-lane.ts"
import { randomName } from "../random-name.ts"
import {
  channelOf,
  type DocumentRows,
  editKey,
  isEdit,
  ownerKey,
  positionKey,
  readDocumentRows,
  rowsOf,
  updateKey,
} from "./document-rows.ts"

export interface StoredDocumentsOptions {
  /** In a browser a database of this origin, in Node a directory. Give each user a name of their own. */
  readonly name: string
  /** Another place for the rows. Default: IndexedDB in browsers, files in Node. */
  readonly lanes?: Lanes
}

/** What this device keeps of documents, for any number of them. */
export interface DocumentStore {
  /** Of one document, for as long as it is open. */
  open(channel: string, random: Random, onError: (error: MagpieError) => void): KeptDocument
  /** Frees the place, as the client's end does. Nothing is kept from here on; what is kept stays. Idempotent. */
  close(): Promise<void>
}

/** One document on this device. What cannot be kept is reported, and everything goes on without. */
export interface KeptDocument {
  /** What was kept; undefined where nothing can be. */
  readonly rows: Promise<DocumentRows | undefined>
  /** Keeps an edit until it is stored by the server. Returns the key by which `forget` knows it. */
  edit(update: Uint8Array): string
  forget(edits: readonly string[]): void
  /** Keeps what came from the server, up to a position. `whole` gives all of the document, in place of many updates. */
  update(update: Uint8Array, position: Position, whole: () => Uint8Array): void
  own(user: string | undefined): void
}

/** The lane that this client holds, and what is in it now. */
interface Place {
  readonly rows: Map<string, unknown>
  readonly writer: LaneWriter
  close(): Promise<void>
}

/** So much is kept in single updates at least before they are joined; then as much as all of the document had. */
const LEAST_JOINED_BYTES = 65_536

/**
 * Keeps documents and what was edited in them over reloads and restarts, so that they can be read and edited without a link; what
 * was not stored by then is sent on the next one [G8]. What tabs that are gone have left is taken up. Fails with INVALID_OPTIONS.
 */
export function storedDocuments({ name, lanes }: StoredDocumentsOptions): DocumentStore {
  if (typeof name !== "string" || name === "") throw badField("name", "must be a name", "INVALID_OPTIONS")
  let opening: Promise<Place | undefined> | undefined
  let report = (_error: MagpieError): void => {}
  let isClosed = false

  async function open(): Promise<Place | undefined> {
    try {
      const all = lanes ?? openLanes(`${name}/documents`)
      const lane = await openLane(all, "")
      const left = await takeOver(all, lane)
      return { rows: new Map([...lane.rows, ...left]), writer: createLaneWriter(lane), close: () => lane.close() }
    } catch (thrown) {
      report(toMagpieError(thrown))
      return undefined
    }
  }

  function write(changes: ReadonlyMap<string, unknown>): void {
    if (isClosed) return
    // What comes before the place is open waits for it, and a document that is opened after this reads what this wrote.
    void opening
      ?.then((place) => {
        for (const [key, row] of changes) row === undefined ? place?.rows.delete(key) : place?.rows.set(key, row)
        return place?.writer.write(changes)
      })
      .catch((thrown) => report(toMagpieError(thrown)))
  }

  return {
    open(channel, random, onError) {
      report = onError
      if (!isClosed) opening ??= open()
      const page = randomName(random, 8)
      let edits = 0
      let number = 0
      let joinedBytes = 0
      /** Keys and bytes of the single updates. */
      const single: string[] = []
      let singleBytes = 0

      async function read(): Promise<DocumentRows | undefined> {
        const place = await opening
        if (place === undefined) return undefined
        try {
          const rows = readDocumentRows(place.rows, channel)
          for (const [key, { length }] of rows.updates) {
            single.push(key)
            singleBytes += length
            number = Math.max(number, Number(key.slice(key.lastIndexOf("/") + 1)))
          }
          return rows
        } catch (thrown) {
          // Of damaged rows nothing is left: the server has everything that was stored.
          const damaged = [...place.rows.keys()].filter((key) => key.startsWith(rowsOf(channel)))
          write(new Map(damaged.map((key) => [key, undefined])))
          onError(toMagpieError(thrown))
          return undefined
        }
      }

      return {
        rows: read(),
        edit(update) {
          const key = editKey(channel, page, ++edits)
          write(new Map([[key, encodeBase64(update)]]))
          return key
        },
        forget: (keys) => write(new Map(keys.map((key) => [key, undefined]))),
        update(update, position, whole) {
          const changes = new Map<string, unknown>([[positionKey(channel), position]])
          let kept = update
          singleBytes += update.length
          if (singleBytes > Math.max(LEAST_JOINED_BYTES, joinedBytes)) {
            kept = whole()
            for (const key of single.splice(0)) changes.set(key, undefined)
            joinedBytes = kept.length
            singleBytes = 0
          }
          const key = updateKey(channel, ++number)
          single.push(key)
          write(changes.set(key, encodeBase64(kept)))
        },
        own: (user) => write(new Map([[ownerKey(channel), user ?? null]])),
      }
    },
    async close() {
      isClosed = true
      const place = await opening
      await place?.writer.settled()
      await place?.close()
    },
  }
}

/** Edits that clients which are gone have left in other lanes are this one's from now on. Another user's stay where they are. */
async function takeOver(lanes: Lanes, mine: Lane): Promise<ReadonlyMap<string, unknown>> {
  const taken = new Map<string, unknown>()
  for (const number of await lanes.list("")) {
    const lane = await lanes.open(number)
    if (lane === undefined) continue
    for (const [key, row] of lane.rows) if (isEdit(key) && isSameOwner(mine, lane, channelOf(key))) taken.set(key, row)
    const edits = new Map([...lane.rows].filter(([key]) => taken.has(key)))
    const owners = new Map([...edits.keys()].map((key) => [ownerKey(channelOf(key)), lane.rows.get(ownerKey(channelOf(key)))]))
    for (const [key, owner] of owners) taken.set(key, owner)
    // Kept here before it is let go of there.
    if (edits.size > 0) {
      await mine.write(new Map([...edits, ...owners]))
      await lane.write(new Map([...edits.keys()].map((key) => [key, undefined])))
    }
    await lane.close()
  }
  return taken
}

function isSameOwner(mine: Lane, other: Lane, channel: string): boolean {
  const owner = mine.rows.get(ownerKey(channel))
  return owner === undefined || owner === other.rows.get(ownerKey(channel))
}
