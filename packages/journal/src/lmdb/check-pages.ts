import { closeSync, openSync, readSync } from "node:fs"

// The format of LMDB's file, version 2, as far as pages point at each other. Numbers are little-endian.
const PAGE_HEAD = { bytes: 24, number: 0, flags: 18, lower: 20, upper: 22 }
const META = { magic: 24, version: 28, pageBytes: 48, freeRoot: 88, mainRoot: 136, lastPage: 144, transaction: 152, bytes: 160 }
const NODE = { headBytes: 8, flags: 4, keyBytes: 6 }
const ROOT_IN_SUBTREE = 40
const MAGIC = 0xbeefc0de
const VERSION = 2
const KINDS = 0x07
const BRANCH = 0x01
const LEAF = 0x02
const OVERFLOW = 0x04
const VALUE_ELSEWHERE = 0x01
const VALUE_IS_TREE = 0x02
/** Of trees with several values to a key, which Magpie has none of. */
const VALUES_ARE_TREE = 0x04
const NO_ROOT = 0xffff_ffff_ffff_ffffn
const SUBTREE_BYTES = 48
const METAS = 2
const PAGE_SIZES = [512, 1_024, 2_048, 4_096, 8_192, 16_384, 32_768, 65_536]

interface Meta {
  readonly pageBytes: number
  readonly roots: readonly bigint[]
  readonly lastPage: bigint
  readonly transaction: bigint
}

interface Reference {
  readonly page: bigint
  readonly kind: "tree" | "value"
}

/** Takes a page down to be looked at; false where there cannot be such a page. */
type Refer = (page: bigint, kind: Reference["kind"]) => boolean

/**
 * Looks whether a file is LMDB's, or empty, and whether its pages are what the tree says, from its root down, level by level, at most so many of
 * them. LMDB itself does not, and ends its process at such a page. Returns what is wrong, or undefined. What stands inside
 * of values is not looked at, and of a file that somebody writes meanwhile nothing is said.
 */
export function findDamagedPage(path: string, mostPages: number): string | undefined {
  const file = openSync(path, "r")
  try {
    const head = Buffer.alloc(META.bytes)
    const length = readSync(file, head, 0, head.length, 0)
    if (length === 0) return undefined
    if (length < head.length || head.readUInt32LE(META.magic) !== MAGIC) return "it is not an LMDB file, or its beginning is damaged"
    // Of another version LMDB itself says that it is one.
    if (head.readUInt32LE(META.version) !== VERSION) return undefined
    const meta = newestMeta(file)
    if (typeof meta === "string") return meta
    const damage = walk(file, meta, mostPages)
    if (damage === undefined) return undefined
    const after = newestMeta(file)
    return typeof after !== "string" && after.transaction !== meta.transaction ? undefined : damage
  } finally {
    closeSync(file)
  }
}

/** Both are looked at: one that is damaged was written before, and would be written to again. */
function newestMeta(file: number): Meta | string {
  const first = readMeta(file, 0)
  if (first === undefined) return "page 0 is damaged"
  const second = readMeta(file, first.pageBytes)
  if (second === undefined || second.pageBytes !== first.pageBytes) return "page 1 is damaged"
  return second.transaction > first.transaction ? second : first
}

function readMeta(file: number, at: number): Meta | undefined {
  const bytes = Buffer.alloc(META.bytes)
  if (readSync(file, bytes, 0, bytes.length, at) < bytes.length) return undefined
  const pageBytes = bytes.readUInt32LE(META.pageBytes)
  if (bytes.readUInt32LE(META.magic) !== MAGIC || !PAGE_SIZES.includes(pageBytes)) return undefined
  return {
    pageBytes,
    roots: [bytes.readBigUInt64LE(META.freeRoot), bytes.readBigUInt64LE(META.mainRoot)],
    lastPage: bytes.readBigUInt64LE(META.lastPage),
    transaction: bytes.readBigUInt64LE(META.transaction),
  }
}

function walk(file: number, { pageBytes, roots, lastPage }: Meta, mostPages: number): string | undefined {
  const known = new Set<bigint>()
  const due: Reference[] = []
  const refer: Refer = (page, kind) => {
    if (page === NO_ROOT) return true
    if (page < METAS || page > lastPage || known.has(page)) return false
    known.add(page)
    due.push({ page, kind })
    return true
  }
  for (const root of roots) if (!refer(root, "tree")) return `the root ${root} is none`
  const bytes = Buffer.alloc(pageBytes)
  for (let looked = 0; looked < Math.min(due.length, mostPages); looked++) {
    const { page, kind } = due[looked] as Reference
    const length = readSync(file, bytes, 0, pageBytes, Number(page) * pageBytes)
    const isWhole = length === pageBytes && bytes.readBigUInt64LE(PAGE_HEAD.number) === page
    if (!isWhole || !(kind === "tree" ? isTreePage(bytes, refer) : isValuePage(bytes))) return `page ${page} is damaged`
  }
  return undefined
}

function isValuePage(bytes: Buffer): boolean {
  return (bytes.readUInt16LE(PAGE_HEAD.flags) & KINDS) === OVERFLOW
}

/** Whether every node lies within the page and refers to pages that there are. */
function isTreePage(bytes: Buffer, refer: Refer): boolean {
  const kind = bytes.readUInt16LE(PAGE_HEAD.flags) & KINDS
  const lower = bytes.readUInt16LE(PAGE_HEAD.lower)
  const upper = bytes.readUInt16LE(PAGE_HEAD.upper)
  const room = bytes.length - PAGE_HEAD.bytes
  if ((kind !== BRANCH && kind !== LEAF) || lower === 0 || lower % 2 !== 0 || lower > upper || upper > room) return false
  for (let slot = PAGE_HEAD.bytes; slot < PAGE_HEAD.bytes + lower; slot += 2) {
    const place = bytes.readUInt16LE(slot)
    if (place < upper || place + NODE.headBytes > room) return false
    const node = PAGE_HEAD.bytes + place
    if (!(kind === BRANCH ? isBranchNode(bytes, node, refer) : isLeafNode(bytes, node, refer))) return false
  }
  return true
}

/** The page below stands where a leaf has the value's length and flags: 48 bits. */
function isBranchNode(bytes: Buffer, node: number, refer: Refer): boolean {
  if (node + NODE.headBytes + bytes.readUInt16LE(node + NODE.keyBytes) > bytes.length) return false
  return refer(BigInt(bytes.readUIntLE(node, 6)), "tree")
}

function isLeafNode(bytes: Buffer, node: number, refer: Refer): boolean {
  const flags = bytes.readUInt16LE(node + NODE.flags)
  const value = node + NODE.headBytes + bytes.readUInt16LE(node + NODE.keyBytes)
  const isElsewhere = (flags & VALUE_ELSEWHERE) !== 0
  const bytesHere = isElsewhere ? 8 : bytes.readUInt32LE(node)
  if (value + bytesHere > bytes.length) return false
  if (isElsewhere) return refer(bytes.readBigUInt64LE(value), "value")
  if ((flags & VALUE_IS_TREE) === 0 || (flags & VALUES_ARE_TREE) !== 0) return true
  return bytesHere === SUBTREE_BYTES && refer(bytes.readBigUInt64LE(value + ROOT_IN_SUBTREE), "tree")
}
