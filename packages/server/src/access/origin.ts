/** Which pages may connect: those of the server's own host, a list of exact origins, or all. */
export type OriginPolicy = "same" | "any" | readonly string[]

/** What came with a request, of that which tells whether a page of somebody else's could have sent it. */
export interface SentAlong {
  readonly cookie: string | undefined
  readonly authorization: string | undefined
  /** An API key in a header. */
  readonly key: string | undefined
  /** `Sec-Fetch-Site`, which a page cannot set. */
  readonly site: string | undefined
}

/** A cookie came, which a browser adds to the requests of any page, and nothing that only the server's own pages or no page could send [F41]. */
export function isCookieOnly({ cookie, authorization, key, site }: SentAlong): boolean {
  return cookie !== undefined && authorization === undefined && key === undefined && site !== "same-origin"
}

/**
 * Whether a browser's Origin header is allowed [F7]. Exact comparison only: no prefixes, no suffixes, no case folding. An
 * absent header means that it is no browser, which is fine as long as no cookie could speak for a user.
 */
export function originAllowed(
  policy: OriginPolicy,
  request: { origin?: string | undefined; host?: string | undefined; cookieOnly: boolean },
): boolean {
  const { origin, host, cookieOnly } = request
  if (origin === undefined) return !cookieOnly
  if (policy === "any") return true
  if (policy === "same") return host !== undefined && (origin === `http://${host}` || origin === `https://${host}`)
  return policy.includes(origin)
}
