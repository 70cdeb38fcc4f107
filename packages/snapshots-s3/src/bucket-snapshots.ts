import { chunksIn, decodeHead, encodeChunk, encodeHead, MAX_HEAD_BYTES, type Snapshot, type SnapshotStore } from "@magpie/journal"
import { beginningOf, bytesFrom } from "./download.ts"
import { type S3Client, textOf } from "./s3-client.ts"
import { Upload } from "./upload.ts"
import { textsOf } from "./xml.ts"

/** `partition-position.snapshot`, as in a directory of snapshots. */
const NAME = /^(\d+)-(\d+)\.snapshot$/

/** Snapshots as objects of a bucket, each written as a file of a directory of snapshots is. */
export function bucketSnapshots(client: S3Client, prefix: string): SnapshotStore {
  const keyOf = (partition: number, position: number): string => `${prefix}${partition}-${position}.snapshot`

  async function positions(partition: number): Promise<readonly number[]> {
    const found: number[] = []
    let token: string | undefined
    do {
      const query = { "list-type": "2", prefix: `${prefix}${partition}-`, ...(token === undefined ? {} : { "continuation-token": token }) }
      const xml = await client.ask({ method: "GET", key: "", query }, textOf)
      for (const key of textsOf(xml, "Key")) {
        const position = NAME.exec(key.slice(prefix.length))?.[2]
        if (position !== undefined) found.push(Number(position))
      }
      token = textsOf(xml, "IsTruncated")[0] === "true" ? textsOf(xml, "NextContinuationToken")[0] : undefined
    } while (token !== undefined)
    return found
  }

  /** Undefined where it is gone, or does not begin as one does. */
  async function read(partition: number, position: number): Promise<Snapshot | undefined> {
    const key = keyOf(partition, position)
    const beginning = await beginningOf(client, key, MAX_HEAD_BYTES)
    const head = beginning && decodeHead(beginning.bytes)
    if (beginning === undefined || head?.place.partition !== partition || head.place.position !== position) return undefined
    return { ...head.place, chunks: { [Symbol.asyncIterator]: () => chunksIn(bytesFrom(client, key, beginning, head.start)) } }
  }

  return {
    async put({ chunks, ...place }) {
      const upload = new Upload(client, keyOf(place.partition, place.position))
      try {
        await upload.write(encodeHead(place))
        for await (const chunk of chunks) await upload.write(encodeChunk(chunk))
        await upload.finish(async () => {
          const found = await read(place.partition, place.position)
          return found !== undefined && Buffer.compare(encodeHead(found), encodeHead(place)) === 0
        })
      } catch (cause) {
        await upload.abandon()
        throw cause
      }
    },
    async newest(partition, before) {
      const fitting = (await positions(partition)).filter((one) => one < before)
      for (const position of fitting.sort((a, b) => b - a)) {
        const found = await read(partition, position)
        if (found !== undefined) return found
      }
      return undefined
    },
    async remove(partition, before) {
      for (const position of await positions(partition)) {
        if (position < before) await client.ask({ method: "DELETE", key: keyOf(partition, position) }, textOf)
      }
    },
  }
}
