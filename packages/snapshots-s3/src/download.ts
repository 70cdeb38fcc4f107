import { MagpieError } from "@magpie/protocol"
import { type HttpAnswer, isStatus, type S3Client, TRIES, unavailable } from "./s3-client.ts"

/** The beginning of an object, and which object it is. */
export interface Beginning {
  readonly bytes: Uint8Array
  readonly totalBytes: number
  readonly tag: string | undefined
}

/** Undefined where there is no such object, or an empty one. */
export async function beginningOf(client: S3Client, key: string, length: number): Promise<Beginning | undefined> {
  try {
    return await client.ask({ method: "GET", key, headers: { range: `bytes=0-${length - 1}` } }, async (answer) => ({
      bytes: await firstBytes(answer, length),
      totalBytes: totalOf(answer),
      tag: answer.header("etag"),
    }))
  } catch (cause) {
    if (isStatus(cause, 404) || isStatus(cause, 416)) return undefined
    throw cause
  }
}

/**
 * An object's bytes from a place on. A body that breaks off or stands still is asked for again from there, as long as the
 * object is the same one. Fails with UNAVAILABLE, also where it was removed or replaced meanwhile.
 */
export async function* bytesFrom(client: S3Client, key: string, { tag, totalBytes }: Beginning, start: number): AsyncGenerator<Uint8Array> {
  let failures = 0
  for (let at = start; at < totalBytes; ) {
    const headers = { range: `bytes=${at}-`, ...(tag === undefined ? {} : { "if-match": tag }) }
    const answer = await client.ask({ method: "GET", key, headers }, async (given) => checked(given, at))
    const pieces = answer.body[Symbol.asyncIterator]()
    try {
      for (;;) {
        const { done, value } = await client.within(() => pieces.next())
        if (done === true) break
        at += value.length
        failures = 0
        yield value
      }
      if (at < totalBytes) throw new MagpieError("UNAVAILABLE", "the bucket's answer broke off")
    } catch (cause) {
      if (++failures === TRIES) throw unavailable(cause)
      await client.pause(failures)
    } finally {
      answer.end()
    }
  }
}

function checked(answer: HttpAnswer, at: number): HttpAnswer {
  const given = Number(/^bytes (\d+)-/.exec(answer.header("content-range") ?? "")?.[1] ?? 0)
  if (given === at) return answer
  answer.end()
  throw new MagpieError("UNAVAILABLE", "the bucket does not give parts of an object")
}

async function firstBytes({ body, end }: HttpAnswer, length: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  let gathered = 0
  for await (const piece of body) {
    pieces.push(piece)
    gathered += piece.length
    if (gathered >= length) break
  }
  end()
  return Buffer.concat(pieces).subarray(0, length)
}

/** A store that gives the whole object says its length, one that gives a part says it behind the part. */
function totalOf(answer: HttpAnswer): number {
  const total = /\/(\d+)$/.exec(answer.header("content-range") ?? "")?.[1] ?? answer.header("content-length")
  if (total === undefined) throw new MagpieError("UNAVAILABLE", "the bucket does not say how long an object is")
  return Number(total)
}
