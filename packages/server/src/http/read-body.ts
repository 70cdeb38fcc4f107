import { jsonServerCodec, type Limits, MagpieError } from "@magpie/protocol"
import { type ApiRequest, header } from "./request.ts"

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

/** Why a body of this kind is not read; undefined where it is. */
export function bodyProblem(request: ApiRequest): string | undefined {
  if (request.headers["content-encoding"] !== undefined && header(request, "content-encoding") !== "identity")
    return "a body is sent as it is, without Content-Encoding"
  const type = header(request, "content-type")?.split(";", 1)[0]?.trim().toLowerCase()
  return type === "application/json" ? undefined : "the body must be application/json"
}

/** The body's value, read and refused as a message on the socket is [F44, F45, F46]. Fails as `readBody`, and with BAD_REQUEST. */
export async function readJson(request: ApiRequest, limits: Limits): Promise<unknown> {
  const [decoded] = jsonServerCodec.decodeUntrusted(decode(await request.readBody(limits.apiBodyBytes, limits.apiBodyMs)), limits, false)
  if (decoded === undefined) throw new MagpieError("BAD_REQUEST", "there is no body")
  if ("error" in decoded) throw decoded.error
  return decoded.value
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new MagpieError("BAD_REQUEST", "the body is not UTF-8", { details: { field: "body" } })
  }
}
