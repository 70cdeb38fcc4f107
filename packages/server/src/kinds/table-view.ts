import { fieldsSince, type KeyedRow, type RowsPage } from "@magpie/journal"
import type { Encoded, Position, RowsHeader, RowText, ServerCodec } from "@magpie/protocol"
import { type Batch, createBatch, encodedBytes } from "../flow/batch.ts"
import type { FilteredRows, Telling } from "./filtered-rows.ts"
import { type FieldChoice, pickFields, type RowChoice, type RowFilter } from "./row-choice.ts"

/** Rows of one message, what stands around them left out. */
const PAGE_ROWS = 256
/** Ways of writing the rows of one view that are kept: all who were level with the same offset share one for each codec and choice of fields. */
const SHARED_FORMS = 8
/** Filters of which it is kept what they say of a view. */
const SHARED_FILTERS = 64
/** Messages kept for others who lack the same. */
const SHARED_PAGES = 64

interface Part {
  readonly encoded: Encoded
  readonly bytes: number
}

/** One way of writing the rows of a view, and those that were written so; `null` where there is nothing to tell. */
interface Form {
  readonly telling: Telling
  readonly holds: number
  readonly fields: FieldChoice | undefined
  readonly codec: ServerCodec
  readonly parts: (Part | null)[]
}

/** Rows that somebody chose, in the order of their versions. */
export interface ChosenRows {
  /** Their places in the view; undefined for all. */
  readonly places: readonly number[] | undefined
  /** How each is told, where that is not the same for all who choose alike. */
  readonly tellings: readonly Telling[] | undefined
}

/** Rows on their way, and where they lead. */
export interface RowsBatch {
  /** Undefined where none of them was chosen. */
  readonly batch: Batch | undefined
  readonly position: Position
  /** Others follow at once. */
  readonly more: boolean
  /** Where in the view they end. */
  readonly next: number
}

export interface PageRequest {
  readonly channel: string
  readonly chosen: ChosenRows
  /** How many of them were given. */
  readonly given: number
  /** Up to where it holds every row as it was then, so that fields can be added to it; 0 while it is given the table anew. */
  readonly holds: number
  /** Offset that the other side was told last. */
  readonly since: number
  readonly reset: boolean
  /** It was told that more follows, and is told where that ends. */
  readonly awaited: boolean
  /** What is said of the pace from now on, where that changed. */
  readonly pace: Partial<Pick<RowsHeader, "intervalMs" | "slowedBy">> | undefined
  readonly choice: RowChoice
  readonly maxBytes: number
  /** In which it is written. */
  readonly codec: ServerCodec
}

/**
 * What one who is level with an offset lacks of a table, as it is at one moment. It is read once, and each of its rows is
 * written once, for all who lack the same.
 */
export class TableView {
  readonly position: Position
  /** There is more behind it than one view holds. */
  readonly more: boolean
  readonly #rows: readonly KeyedRow[]
  #places: ReadonlyMap<string, number> | undefined
  readonly #forms = new Map<string, Form>()
  readonly #passing = new Map<string, readonly boolean[]>()
  #values: readonly unknown[] | undefined
  readonly #pages = new Map<string, RowsBatch>()

  constructor({ rows, position, more }: RowsPage) {
    this.#rows = rows
    this.position = position
    this.more = more
  }

  chosenBy(choice: RowChoice, filtered: FilteredRows | undefined): ChosenRows {
    const places = this.#placesOf(choice)
    return filtered === undefined ? { places, tellings: undefined } : this.#filter(places ?? this.#rows.keys(), filtered)
  }

  /** A row that was chosen. */
  chosenAt({ places }: ChosenRows, index: number): { readonly key: string; readonly isThere: boolean } {
    const { key = "", data } = this.#rows[places?.[index] ?? index] ?? {}
    return { key, isThere: data !== undefined }
  }

  #placesOf({ keys, has, isAll }: RowChoice): readonly number[] | undefined {
    if (isAll) return undefined
    if (keys === undefined || keys.size > this.#rows.length) return this.#rows.flatMap(({ key }, place) => (has(key) ? [place] : []))
    this.#places ??= new Map(this.#rows.map(({ key }, place) => [key, place]))
    const places: number[] = []
    for (const key of keys) {
      const place = this.#places.get(key)
      if (place !== undefined) places.push(place)
    }
    return places.sort((a, b) => a - b)
  }

  #filter(candidates: Iterable<number>, filtered: FilteredRows): ChosenRows {
    const passing = this.#passingOf(filtered.filter)
    const places: number[] = []
    const tellings: Telling[] = []
    for (const place of candidates) {
      const { key = "", data } = this.#rows[place] ?? {}
      const telling = filtered.tellingOf(key, passing[place] ?? false)
      if (telling !== undefined) {
        places.push(place)
        tellings.push(telling)
      } else if (data === undefined) filtered.forget(key)
    }
    return { places, tellings }
  }

  /** Asked once for all who follow the same filter with the same argument. */
  #passingOf({ text, keep }: RowFilter): readonly boolean[] {
    const known = this.#passing.get(text)
    if (known !== undefined) return known
    this.#values ??= this.#rows.map(({ data }) => (data === undefined ? undefined : JSON.parse(data)))
    const values = this.#values
    const passing = this.#rows.map(({ key, data }, place) => data !== undefined && keep(values[place], key))
    if (this.#passing.size < SHARED_FILTERS) this.#passing.set(text, passing)
    return passing
  }

  /** The next message for one who lacks these rows. */
  page(request: PageRequest): RowsBatch {
    const { given, holds, since, reset, awaited, pace, choice, maxBytes, codec } = request
    // What is told to one who follows a filter depends on what it was told before.
    if (request.chosen.tellings !== undefined) return this.#write(request)
    const said = [pace?.intervalMs, pace?.slowedBy]
    const key = [codec.subprotocol, given, holds, since, reset, awaited, ...said, maxBytes, choice.text].join(" ")
    const known = this.#pages.get(key)
    if (known !== undefined) return known
    const page = this.#write(request)
    if (this.#pages.size >= SHARED_PAGES) this.#pages.clear()
    this.#pages.set(key, page)
    return page
  }

  #write({ channel, chosen, given, holds, since, reset, awaited, pace, choice, maxBytes, codec }: PageRequest): RowsBatch {
    const { places, tellings } = chosen
    const count = places?.length ?? this.#rows.length
    const rows: Encoded[] = []
    let next = given
    let bytes = 0
    let form: Form | undefined
    for (; next < count && rows.length < PAGE_ROWS; next++) {
      const telling = tellings?.[next] ?? "fields"
      if (form?.telling !== telling) form = this.#formOf(telling, holds, choice.fields, codec)
      const part = this.#partOf(places?.[next] ?? next, form)
      if (part === null) continue
      bytes += part.bytes
      if (rows.length > 0 && bytes > maxBytes) break
      rows.push(part.encoded)
    }
    const isLast = next >= count
    const more = !isLast || this.more
    const position = isLast ? this.position : { epoch: this.position.epoch, offset: this.#versionAt(places?.[next - 1] ?? next - 1) }
    // Where the table is given anew, that it is empty is said as well.
    if (rows.length === 0 && !reset && (more || !awaited)) return { batch: undefined, position, more, next }
    const header = { channel, since, position, ...(reset ? { reset } : undefined), ...(more ? { more } : undefined), ...pace }
    return { batch: createBatch(codec.encodeRows(header, rows), Math.max(1, rows.length)), position, more, next }
  }

  #versionAt(place: number): number {
    return this.#rows[place]?.version ?? this.position.offset
  }

  #formOf(telling: Telling, holds: number, fields: FieldChoice | undefined, codec: ServerCodec): Form {
    const key = `${codec.subprotocol} ${holds} ${telling} ${fields?.text}`
    const form = this.#forms.get(key) ?? { telling, holds, fields, codec, parts: [] }
    if (this.#forms.size < SHARED_FORMS) this.#forms.set(key, form)
    return form
  }

  #partOf(place: number, { telling, holds, fields, codec, parts }: Form): Part | null {
    const known = parts[place]
    if (known !== undefined) return known
    const row = this.#rows[place]
    if (row === undefined) throw new RangeError("a place within the view")
    const text = rowTextOf(row, holds, telling, fields)
    const encoded = text && codec.encodeRow(text)
    const part = encoded === undefined ? null : { encoded, bytes: encodedBytes(encoded) }
    parts[place] = part
    return part
  }
}

/**
 * Whoever holds the row as it was at its base or later is given what was written since; undefined where that is nothing of what
 * it chose.
 */
function rowTextOf(row: KeyedRow, holds: number, telling: Telling, choice: FieldChoice | undefined): RowText | undefined {
  const { key, version, count, born, at, from, data, base, fields } = row
  const head = { key, version, count, ...(holds > 0 && born > holds ? { born } : undefined), at, from }
  if (data === undefined || telling === "gone") return { ...head, gone: true }
  if (base > holds || telling === "whole") return { ...head, data: choice ? pickFields(data, choice) : data }
  if (choice === undefined) return { ...head, fields: fieldsSince(data, fields, holds) }
  const chosen = fields.filter(([name, version]) => choice.names.has(name) && version > holds)
  return chosen.length === 0 ? undefined : { ...head, fields: fieldsSince(data, chosen, holds) }
}
