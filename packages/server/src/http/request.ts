/** A request to the HTTP API as the shell hands it over: nothing of it was decided yet, and its body was not read. */
export interface ApiRequest {
  readonly method: string
  /** Path and query, as in the request line. */
  readonly target: string
  /** Header names in lower case with every value that came, so that a doubled header is seen. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>
  /** The other side's address, as far as proxies are trusted. */
  readonly address: string
  /**
   * Reads the body. Fails with TOO_LARGE before more than `maxBytes` were kept, with TIMEOUT when it is not there after
   * `timeoutMs`, with ABORTED when the other side left.
   */
  readBody(maxBytes: number, timeoutMs: number): Promise<Uint8Array>
}

export interface ApiResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON, or nothing. To a HEAD only its length is sent. */
  readonly body: string
}

/** The value of a header that came once; undefined where it did not come, or came more often. */
export function header(request: Pick<ApiRequest, "headers">, name: string): string | undefined {
  const values = request.headers[name]
  return values?.length === 1 ? values[0] : undefined
}

/** Path and query apart. */
export function splitTarget(target: string): { readonly path: string; readonly query: string } {
  const at = target.indexOf("?")
  return at < 0 ? { path: target, query: "" } : { path: target.slice(0, at), query: target.slice(at + 1) }
}
