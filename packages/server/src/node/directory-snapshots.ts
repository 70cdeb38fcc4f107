import { createReadStream } from "node:fs"
import { mkdir, open, readdir, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import {
  chunksIn,
  decodeHead,
  encodeChunk,
  encodeHead,
  MAX_HEAD_BYTES,
  type Snapshot,
  type SnapshotPlace,
  type SnapshotStore,
} from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"

export interface DirectorySnapshotsOptions {
  /** On a file system that all servers of the journal share, or that at least outlives them. */
  readonly directory: string
}

/** `partition-position.snapshot`; what is still being written has another ending. */
const NAME = /^(\d+)-(\d+)\.snapshot$/

/** Snapshots as files, each whole or not there: a line that says of which place, then chunks behind their lengths. One whose first line is damaged counts as not there. */
export function directorySnapshots({ directory }: DirectorySnapshotsOptions): SnapshotStore {
  if (typeof directory !== "string" || directory === "") {
    throw new MagpieError("INVALID_OPTIONS", "directory must be a path", { details: { option: "directory" } })
  }
  const pathOf = (partition: number, position: number): string => join(directory, `${partition}-${position}.snapshot`)
  let writes = 0

  async function positions(partition: number): Promise<readonly number[]> {
    const names = await readdir(directory).catch((cause: { code?: string }) => {
      if (cause.code === "ENOENT") return []
      throw cause
    })
    return names.flatMap((name) => {
      const [, its, position] = NAME.exec(name) ?? []
      return Number(its) === partition ? [Number(position)] : []
    })
  }

  return {
    put: ({ chunks, ...place }) =>
      available(async () => {
        await mkdir(directory, { recursive: true, mode: 0o700 })
        const unfinished = `${pathOf(place.partition, place.position)}.${process.pid}-${++writes}`
        try {
          await writeWhole(unfinished, place, chunks)
          await rename(unfinished, pathOf(place.partition, place.position))
        } catch (cause) {
          await rm(unfinished, { force: true })
          throw cause
        }
        await flush(directory)
      }),
    newest: (partition, before) =>
      available(async () => {
        const fitting = (await positions(partition)).filter((one) => one < before)
        for (const position of fitting.sort((a, b) => b - a)) {
          const found = await read(pathOf(partition, position))
          if (found?.partition === partition && found.position === position) return found
        }
        return undefined
      }),
    remove: (partition, before) =>
      available(async () => {
        for (const position of await positions(partition)) if (position < before) await rm(pathOf(partition, position), { force: true })
      }),
  }
}

async function writeWhole(path: string, place: SnapshotPlace, chunks: Snapshot["chunks"]): Promise<void> {
  const file = await open(path, "wx", 0o600)
  try {
    await file.appendFile(encodeHead(place))
    for await (const chunk of chunks) await file.appendFile(encodeChunk(chunk))
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A flushed file may still lose its name with the power. */
async function flush(directory: string): Promise<void> {
  const folder = await open(directory, "r")
  await folder.sync().finally(() => folder.close())
}

/** Undefined where the file does not begin as one does. */
async function read(path: string): Promise<Snapshot | undefined> {
  const file = await open(path, "r")
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_HEAD_BYTES), 0, MAX_HEAD_BYTES, 0)
    const head = decodeHead(buffer.subarray(0, bytesRead))
    return head && { ...head.place, chunks: { [Symbol.asyncIterator]: () => readChunks(path, head.start) } }
  } finally {
    await file.close()
  }
}

async function* readChunks(path: string, start: number): AsyncGenerator<Uint8Array> {
  try {
    yield* chunksIn(createReadStream(path, { start }))
  } catch (cause) {
    throw unavailable(cause)
  }
}

/** What the log itself says of its chunks passes through. */
async function available<T>(task: () => Promise<T>): Promise<T> {
  try {
    return await task()
  } catch (cause) {
    throw unavailable(cause)
  }
}

function unavailable(cause: unknown): unknown {
  const { code } = cause as { code?: unknown }
  if (cause instanceof MagpieError || typeof code !== "string") return cause
  return new MagpieError("UNAVAILABLE", `the snapshots cannot be read or written (${code})`, { cause })
}
