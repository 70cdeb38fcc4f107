import { UpdateReader, type ValueLimits } from "./update-reader.ts"

/** Some operations of one client of a document, by its counter: from the first one to before the last. */
export interface Range {
  readonly client: number
  readonly from: number
  readonly to: number
}

/** What an update says, as far as the server looks at it. */
export interface UpdateFacts {
  /** What it brings, one for each client. */
  readonly brings: readonly Range[]
  /** Of each client that it builds on or deletes from, up to which counter that must be there already. */
  readonly needs: ReadonlyMap<number, number>
  readonly deletes: boolean
}

/** Counters of one client: no document comes near it, and sums of two are whole numbers still. */
const MOST_OPERATIONS = 2 ** 31

const SKIP = 10
const HAS_ORIGIN = 128
const HAS_RIGHT_ORIGIN = 64
const HAS_PARENT_KEY = 32
const CONTENT = 31
/** Kinds of shared types, and those of them that have a name. */
const MOST_TYPE = 6
const NAMED_TYPES = [3, 5]

/**
 * Looks at an update of a stranger, in the encoding of Yjs's version 1: one pass, no recursion but in values, whose depth is
 * bounded, and nothing that its numbers claim is allocated. What passes can be read by Yjs, and does not name itself as that on
 * which it builds; nothing is said of whether the document has what it builds on. Fails with DOC_REJECTED [F93].
 */
export function inspectUpdate(bytes: Uint8Array, limits: ValueLimits): UpdateFacts {
  const reader = new UpdateReader(bytes, limits)
  const brings = new Map<number, Range>()
  const needs = new Map<number, number>()
  for (let blocks = reader.number(); blocks > 0; blocks--) {
    const range = readBlock(reader, needs)
    if (brings.has(range.client)) reader.refuse("has two runs of one client")
    brings.set(range.client, range)
  }
  const deletes = readDeletes(reader, needs)
  if (!reader.done) reader.refuse("has more bytes than it needs")
  if (brings.size === 0 && !deletes) reader.refuse("is empty")
  for (const { client, from, to } of brings.values()) {
    const needed = needs.get(client) ?? 0
    if (needed > to) continue
    if (from === 0) needs.delete(client)
    else needs.set(client, from)
  }
  return { brings: [...brings.values()], needs, deletes }
}

function need(needs: Map<number, number>, client: number, upTo: number): void {
  if (upTo > (needs.get(client) ?? 0)) needs.set(client, upTo)
}

function readBlock(reader: UpdateReader, needs: Map<number, number>): Range {
  const count = reader.number()
  const client = reader.number()
  const from = reader.number()
  if (count === 0) reader.refuse("has a run of nothing")
  let to = from
  for (let left = count; left > 0; left--) {
    to += readStruct(reader, client, to, needs)
    if (to > MOST_OPERATIONS) reader.refuse("counts further than any document does")
  }
  return { client, from, to }
}

/** Returns how many operations it stands for. */
function readStruct(reader: UpdateReader, client: number, clock: number, needs: Map<number, number>): number {
  const info = reader.byte()
  const content = info & CONTENT
  if (content === SKIP) reader.refuse("leaves out operations of its own")
  if (content === 0) return lengthOf(reader, reader.number())
  const readPlace = (): void => {
    const its = reader.number()
    const counter = reader.number()
    if (counter >= MOST_OPERATIONS) reader.refuse("counts further than any document does")
    if (its === client && counter >= clock) reader.refuse("builds on what comes after it")
    need(needs, its, counter + 1)
  }
  if (info & HAS_ORIGIN) readPlace()
  if (info & HAS_RIGHT_ORIGIN) readPlace()
  if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
    const root = reader.number()
    if (root === 1) reader.text()
    else if (root === 0) readPlace()
    else reader.refuse("has a parent of no known kind")
    if (info & HAS_PARENT_KEY) reader.text()
  }
  return readContent(reader, content)
}

function readContent(reader: UpdateReader, content: number): number {
  switch (content) {
    case 1:
      return lengthOf(reader, reader.number())
    case 2:
    case 8: {
      const count = lengthOf(reader, reader.number())
      for (let left = count; left > 0; left--) content === 2 ? reader.json(true) : reader.any()
      return count
    }
    case 3:
      reader.blob()
      return 1
    case 4:
      return lengthOf(reader, reader.text().length)
    case 5:
      reader.json()
      return 1
    case 6:
      reader.text()
      reader.json()
      return 1
    case 7: {
      const type = reader.number()
      if (type > MOST_TYPE) reader.refuse("has a shared type that Yjs does not know")
      if (NAMED_TYPES.includes(type)) reader.text()
      return 1
    }
    case 9:
      reader.text()
      reader.any()
      return 1
    default:
      return reader.refuse("has content that Yjs does not know")
  }
}

function lengthOf(reader: UpdateReader, length: number): number {
  if (length === 0) reader.refuse("has a part without content")
  return length
}

/** Whether it deletes anything. */
function readDeletes(reader: UpdateReader, needs: Map<number, number>): boolean {
  const clients = reader.number()
  const seen = new Set<number>()
  for (let left = clients; left > 0; left--) {
    const client = reader.number()
    if (seen.has(client)) reader.refuse("has two lists of one client's deletions")
    seen.add(client)
    let ranges = reader.number()
    if (ranges === 0) reader.refuse("has a list of nothing")
    for (; ranges > 0; ranges--) {
      const upTo = reader.number() + lengthOf(reader, reader.number())
      if (upTo > MOST_OPERATIONS) reader.refuse("counts further than any document does")
      need(needs, client, upTo)
    }
  }
  return clients > 0
}
