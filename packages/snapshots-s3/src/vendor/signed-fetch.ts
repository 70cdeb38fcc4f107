import { createHash } from "node:crypto"
import { AwsV4Signer } from "aws4fetch"
import type { HttpRequest, Surroundings } from "../s3-client.ts"

export interface SignedFetchOptions {
  readonly region: string
  readonly credentials: () => Promise<{ readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string }>
}

/** The real network, signed by Signature Version 4 with the content's hash: what is damaged on the way is refused by the store. */
export function signedFetch({ region, credentials }: SignedFetchOptions): Surroundings {
  return {
    clock: {
      setTimer(delayMs, fire) {
        const timer = setTimeout(fire, delayMs)
        return { cancel: () => clearTimeout(timer) }
      },
    },
    random: { float: () => Math.random() },
    async send(request, signal) {
      const { method, url, headers } = await signed(request, { region, ...(await credentials()) })
      const { body = null } = request
      const ending = new AbortController()
      const until = AbortSignal.any([signal, ending.signal])
      const answer = await fetch(url, { method, headers, body: body as BodyInit | null, signal: until, redirect: "manual" })
      return {
        status: answer.status,
        header: (name) => answer.headers.get(name) ?? undefined,
        body: (answer.body ?? []) as AsyncIterable<Uint8Array>,
        end: () => ending.abort(),
      }
    },
  }
}

async function signed(
  { method, url, headers, body }: HttpRequest,
  keys: { readonly region: string; readonly accessKeyId: string; readonly secretAccessKey: string; readonly sessionToken?: string },
): Promise<{ method: string; url: URL; headers: Headers }> {
  const hash = createHash("sha256")
    .update(body ?? "")
    .digest("hex")
  return new AwsV4Signer({ ...keys, service: "s3", method, url, headers: { ...headers, "x-amz-content-sha256": hash } }).sign()
}
