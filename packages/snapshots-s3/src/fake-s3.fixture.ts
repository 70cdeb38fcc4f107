// An S3 of a test's own, over real HTTP on loopback: it checks signatures by its own reckoning, and has the rules that a client can break.
import { createHash, createHmac } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

export const KEYS = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "a-secret/of+a=test", sessionToken: "a-token/of+a=test" }
export const REGION = "eu-test-1"
const BUCKET = "/bucket/"
const LEAST_PART_BYTES = 5_242_880

/** What a test has the store do in place of its answer. */
export type Fault =
  | { readonly status: number; readonly code: string; readonly afterwards?: true }
  | "reset"
  | "hang"
  /** The answer's body ends, or stands still, after so many bytes. */
  | { readonly cutAt: number }
  | { readonly stallAt: number }
  | "whole"

export interface Asked {
  readonly method: string
  readonly key: string
  readonly query: URLSearchParams
  readonly range: string | undefined
}

export interface FakeS3 {
  readonly bucketUrl: string
  readonly objects: Map<string, Buffer>
  readonly uploads: Map<string, Map<number, Buffer>>
  readonly asked: Asked[]
  /** Names on a page of a list. */
  pageLength: number
  /** Asked at each request; undefined is none. */
  fault: (asked: Asked) => Fault | undefined
  close(): Promise<void>
}

export async function fakeS3(): Promise<FakeS3> {
  const server = createServer((request, response) => {
    void serve(s3, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const s3: FakeS3 = {
    bucketUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/bucket`,
    objects: new Map(),
    uploads: new Map(),
    asked: [],
    pageLength: 2,
    fault: () => undefined,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return s3
}

interface Answer {
  readonly status: number
  readonly body?: Buffer | string
  readonly headers?: Readonly<Record<string, string>>
}

const refused = (status: number, code: string): Answer => ({
  status,
  body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`,
})

async function serve(s3: FakeS3, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const pieces: Buffer[] = []
  for await (const piece of request) pieces.push(piece as Buffer)
  const body = Buffer.concat(pieces)
  const url = new URL(request.url ?? "/", s3.bucketUrl)
  const key = url.pathname.slice(BUCKET.length)
  const asked = { method: request.method ?? "", key, query: url.searchParams, range: request.headers.range }
  s3.asked.push(asked)
  const fault = s3.fault(asked)
  if (fault === "hang") return
  if (fault === "reset") return void request.socket.resetAndDestroy()
  if (typeof fault === "object" && "status" in fault) {
    if (fault.afterwards) answerTo(s3, asked, request, body)
    return send(response, refused(fault.status, fault.code))
  }
  const unsigned = whyUnsigned(request, url, body)
  const heeded = fault === "whole" ? { ...asked, range: undefined } : asked
  const answer = unsigned === undefined ? answerTo(s3, heeded, request, body) : refused(403, unsigned)
  send(response, answer, typeof fault === "object" ? fault : undefined)
}

function send(response: ServerResponse, { status, body = "", headers = {} }: Answer, fault?: Exclude<Fault, string>): void {
  const bytes = Buffer.from(body as string)
  response.writeHead(status, { ...headers, "content-length": bytes.length })
  if (fault !== undefined && "cutAt" in fault) response.write(bytes.subarray(0, fault.cutAt), () => response.destroy())
  else if (fault !== undefined && "stallAt" in fault) response.write(bytes.subarray(0, fault.stallAt))
  else response.end(bytes)
}

function answerTo(s3: FakeS3, asked: Asked, request: IncomingMessage, body: Buffer): Answer {
  const { method, key, query } = asked
  const id = query.get("uploadId")
  if (method === "GET") return key === "" ? listed(s3, query) : given(s3, asked, request.headers["if-match"])
  if (method === "PUT" && id !== null) return takePart(s3, id, Number(query.get("partNumber")), body)
  if (method === "PUT") return stored(s3, key, body)
  if (method === "POST" && query.has("uploads")) return begun(s3)
  if (method === "POST" && id !== null) return completed(s3, key, id, body.toString())
  if (method === "DELETE" && id !== null) return s3.uploads.delete(id) ? { status: 204 } : refused(404, "NoSuchUpload")
  if (method === "DELETE") {
    s3.objects.delete(key)
    return { status: 204 }
  }
  return refused(405, "MethodNotAllowed")
}

const tagOf = (bytes: Buffer): string => `"${createHash("md5").update(bytes).digest("hex")}"`

function stored(s3: FakeS3, key: string, body: Buffer): Answer {
  s3.objects.set(key, body)
  return { status: 200, headers: { etag: tagOf(body) } }
}

function given(s3: FakeS3, { key, range }: Asked, ifMatch: string | undefined): Answer {
  const bytes = s3.objects.get(key)
  if (bytes === undefined) return refused(404, "NoSuchKey")
  if (ifMatch !== undefined && ifMatch !== tagOf(bytes)) return refused(412, "PreconditionFailed")
  const etag = tagOf(bytes)
  const [, from = "", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(range ?? "") ?? []
  if (from === "") return { status: 200, body: bytes, headers: { etag } }
  if (Number(from) >= bytes.length) return refused(416, "InvalidRange")
  const part = bytes.subarray(Number(from), to === "" ? undefined : Number(to) + 1)
  const headers = { etag, "content-range": `bytes ${from}-${Number(from) + part.length - 1}/${bytes.length}` }
  return { status: 206, body: part, headers }
}

function listed(s3: FakeS3, query: URLSearchParams): Answer {
  if (query.get("list-type") !== "2") return refused(400, "InvalidArgument")
  const names = [...s3.objects.keys()].filter((name) => name.startsWith(query.get("prefix") ?? "")).sort()
  const from = Number(Buffer.from(query.get("continuation-token") ?? "", "base64").toString())
  const next = from + s3.pageLength
  const more = next < names.length
  // As S3's own tokens, one that needs encoding in an address.
  const token = more ? `<NextContinuationToken>${Buffer.from(`${next}`.padStart(7, "0")).toString("base64")}</NextContinuationToken>` : ""
  const contents = names.slice(from, next).map((name) => `<Contents><Key>${name}</Key><Size>1</Size></Contents>`)
  return {
    status: 200,
    body: `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${contents.join("")}${token}</ListBucketResult>`,
  }
}

function begun(s3: FakeS3): Answer {
  const id = `upload-${s3.asked.length}+/=`
  s3.uploads.set(id, new Map())
  return { status: 200, body: `<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>` }
}

function takePart(s3: FakeS3, id: string, number: number, body: Buffer): Answer {
  const parts = s3.uploads.get(id)
  if (parts === undefined) return refused(404, "NoSuchUpload")
  parts.set(number, body)
  return { status: 200, headers: { etag: tagOf(body) } }
}

function completed(s3: FakeS3, key: string, id: string, xml: string): Answer {
  const parts = s3.uploads.get(id)
  if (parts === undefined) return refused(404, "NoSuchUpload")
  const named = [...xml.matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]*)<\/ETag>/g)]
  const bytes = named.map(([, number]) => parts.get(Number(number)) ?? Buffer.alloc(0))
  if (named.some(([, , tag], index) => tag?.replaceAll("&quot;", '"') !== tagOf(bytes[index] ?? Buffer.alloc(0))))
    return refused(400, "InvalidPart")
  if (bytes.slice(0, -1).some(({ length }) => length < LEAST_PART_BYTES)) return refused(400, "EntityTooSmall")
  // S3 would take them; R2 does not.
  if (bytes.slice(0, -1).some(({ length }) => length !== bytes[0]?.length)) return refused(400, "InvalidPart")
  s3.uploads.delete(id)
  s3.objects.set(key, Buffer.concat(bytes))
  return { status: 200, body: "<CompleteMultipartUploadResult><Key>k</Key></CompleteMultipartUploadResult>" }
}

/** By the letter of "Signature Version 4": canonical request, string to sign, derived key. */
function whyUnsigned({ method, headers }: IncomingMessage, url: URL, body: Buffer): string | undefined {
  const shape =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/
  const [, id, day = "", region, names = "", signature] = shape.exec(headers.authorization ?? "") ?? []
  if (id !== KEYS.accessKeyId) return "InvalidAccessKeyId"
  if (region !== REGION) return "AuthorizationHeaderMalformed"
  const hash = createHash("sha256").update(body).digest("hex")
  if (headers["x-amz-content-sha256"] !== hash) return "XAmzContentSHA256Mismatch"
  const must = ["host", "x-amz-content-sha256", "x-amz-date", "x-amz-security-token"]
  if (!must.every((name) => names.split(";").includes(name))) return "AccessDenied"
  if (headers["x-amz-security-token"] !== KEYS.sessionToken) return "InvalidToken"
  const at = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(String(headers["x-amz-date"]))
  const sent = Date.parse(`${at?.slice(1, 4).join("-")}T${at?.slice(4).join(":")}Z`)
  if (!(Math.abs(Date.now() - sent) < 900_000)) return "RequestTimeTooSkewed"
  const encode = (text: string): string =>
    encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
  const query = [...url.searchParams].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort()
  const lines = names.split(";").map((name) => `${name}:${String(headers[name]).trim()}\n`)
  const canonical = [method, url.pathname, query.join("&"), lines.join(""), names, hash].join("\n")
  const scope = `${day}/${REGION}/s3/aws4_request`
  const toSign = ["AWS4-HMAC-SHA256", headers["x-amz-date"], scope, createHash("sha256").update(canonical).digest("hex")].join("\n")
  const key = [day, REGION, "s3", "aws4_request"].reduce<Buffer | string>(
    (derived, part) => createHmac("sha256", derived).update(part).digest(),
    `AWS4${KEYS.secretAccessKey}`,
  )
  return createHmac("sha256", key).update(toSign).digest("hex") === signature ? undefined : "SignatureDoesNotMatch"
}
