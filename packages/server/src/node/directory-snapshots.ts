import { createReadStream } from "node:fs"
import { mkdir, open, readdir, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import type { Snapshot, SnapshotPlace, SnapshotStore } from "@magpie/journal"
import { MagpieError } from "@magpie/protocol"

export interface DirectorySnapshotsOptions {
  /** On a file system that all servers of the journal share, or that at least outlives them. */
  readonly directory: string
}

/** `partition-position.snapshot`; what is still being written has another ending. */
const NAME = /^(\d+)-(\d+)\.snapshot$/
const LENGTH_BYTES = 4

/** Snapshots as files, each whole or not there: a line of JSON, then chunks behind their lengths. */
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
        const position = Math.max(...(await positions(partition)).filter((one) => one < before))
        return position < 0 ? undefined : read(pathOf(partition, position))
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
    await file.appendFile(`${JSON.stringify(place)}\n`)
    for await (const chunk of chunks) {
      const length = Buffer.alloc(LENGTH_BYTES)
      length.writeUInt32BE(chunk.length)
      await file.appendFile(Buffer.concat([length, chunk]))
    }
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

async function read(path: string): Promise<Snapshot> {
  const file = await open(path, "r")
  try {
    for await (const line of file.readLines({ autoClose: false, start: 0 })) {
      const place = JSON.parse(line) as SnapshotPlace
      return { ...place, chunks: { [Symbol.asyncIterator]: () => readChunks(path, Buffer.byteLength(line) + 1) } }
    }
    throw new Error("an empty file")
  } finally {
    await file.close()
  }
}

async function* readChunks(path: string, start: number): AsyncGenerator<Uint8Array> {
  let pending = Buffer.alloc(0)
  try {
    for await (const piece of createReadStream(path, { start })) {
      pending = Buffer.concat([pending, piece as Buffer])
      for (let end = chunkEnd(pending); end !== undefined; end = chunkEnd(pending)) {
        yield pending.subarray(LENGTH_BYTES, end)
        pending = pending.subarray(end)
      }
    }
  } catch (cause) {
    throw unavailable(cause)
  }
}

function chunkEnd(bytes: Buffer): number | undefined {
  if (bytes.length < LENGTH_BYTES) return undefined
  const end = LENGTH_BYTES + bytes.readUInt32BE()
  return end <= bytes.length ? end : undefined
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
