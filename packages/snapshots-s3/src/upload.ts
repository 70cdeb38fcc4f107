import { isRefusal, refusal, type S3Client, textOf } from "./s3-client.ts"
import { textsOf } from "./xml.ts"

/**
 * The least that S3 takes for any part but the last; with the 10,000 that it takes at most, an object of 48 GiB. All are of
 * this length but the last, because other stores (R2) demand that they are alike.
 */
const PART_BYTES = 5_242_880

/** What is written to one object, which nobody sees before all of it is there. */
export class Upload {
  readonly #client: S3Client
  readonly #key: string
  #held: Uint8Array[] = []
  #heldBytes = 0
  #id: string | undefined
  readonly #tags: string[] = []

  constructor(client: S3Client, key: string) {
    this.#client = client
    this.#key = key
  }

  /** The bytes belong to the upload from here on. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#held.push(bytes)
    this.#heldBytes += bytes.length
    while (this.#heldBytes >= PART_BYTES) await this.#sendPart(PART_BYTES)
  }

  /** Resolves when the object is there. `isThere` is asked where it is open whether an earlier try has made it. */
  async finish(isThere: () => Promise<boolean>): Promise<void> {
    const key = this.#key
    if (this.#id === undefined) return this.#client.ask({ method: "PUT", key, body: this.#taken(this.#heldBytes) }, drained)
    if (this.#heldBytes > 0) await this.#sendPart(this.#heldBytes)
    const parts = this.#tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escaped(tag)}</ETag></Part>`)
    const body = Buffer.from(`<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`)
    try {
      await this.#client.ask({ method: "POST", key, query: { uploadId: this.#id }, body }, async (answer) => {
        const text = await textOf(answer)
        // S3 begins to answer before it knows whether it can.
        if (!text.includes("<CompleteMultipartUploadResult")) throw refusal(answer.status, text)
      })
    } catch (cause) {
      if (!isRefusal(cause, "NoSuchUpload") || !(await isThere())) throw cause
    }
    this.#id = undefined
  }

  /** Lets go of the parts that were sent, as far as the store can be reached: what stays costs space and is never seen. */
  async abandon(): Promise<void> {
    if (this.#id === undefined) return
    await this.#client.ask({ method: "DELETE", key: this.#key, query: { uploadId: this.#id } }, drained, 1).catch(() => {})
  }

  async #sendPart(length: number): Promise<void> {
    this.#id ??= await this.#begin()
    const query = { partNumber: String(this.#tags.length + 1), uploadId: this.#id }
    const tag = await this.#client.ask({ method: "PUT", key: this.#key, query, body: this.#taken(length) }, async (answer) => {
      await drained(answer)
      return answer.header("etag")
    })
    this.#tags.push(tag ?? "")
  }

  #begin(): Promise<string> {
    return this.#client.ask({ method: "POST", key: this.#key, query: { uploads: "" } }, async (answer) => {
      const text = await textOf(answer)
      const [id] = textsOf(text, "UploadId")
      if (id === undefined) throw refusal(answer.status, text)
      return id
    })
  }

  /** The first of the bytes that are held. */
  #taken(length: number): Uint8Array {
    const bytes = Buffer.concat(this.#held)
    this.#held = [bytes.subarray(length)]
    this.#heldBytes = bytes.length - length
    return bytes.subarray(0, length)
  }
}

async function drained(answer: Parameters<typeof textOf>[0]): Promise<void> {
  await textOf(answer)
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;")
}
