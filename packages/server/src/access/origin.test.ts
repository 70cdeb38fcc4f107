import { describe, expect, it } from "vitest"
import { isCookieOnly, originAllowed } from "./origin.ts"

describe("origin", () => {
  const list = ["https://app.example.com"]
  const hostile = [
    "https://app.example.com.evil.tld",
    "null",
    "https://evil-app.example.com",
    "HTTPS://APP.EXAMPLE.COM",
    "https://app.example.com.",
    "https://app.example.com:8443",
    "http://app.example.com",
    "https://app.example.com/",
    "",
  ]

  it.each(hostile)("[F7] refuses %s when only https://app.example.com is allowed", (origin) => {
    expect(originAllowed(list, { origin, host: "app.example.com", cookieOnly: false })).toBe(false)
    expect(originAllowed("same", { origin, host: "other.example.com", cookieOnly: false })).toBe(false)
  })

  it("[F7] allows an exact match and, by default, the server's own host", () => {
    expect(originAllowed(list, { origin: "https://app.example.com", host: "x", cookieOnly: false })).toBe(true)
    expect(originAllowed("same", { origin: "http://localhost:8080", host: "localhost:8080", cookieOnly: true })).toBe(true)
    expect(originAllowed("same", { origin: "https://localhost:8080", host: "localhost:8080", cookieOnly: true })).toBe(true)
    expect(originAllowed("same", { origin: "ws://localhost:8080", host: "localhost:8080", cookieOnly: true })).toBe(false)
    for (const origin of ["http://localhost:8080", "http://undefined", "https://undefined"]) {
      expect(originAllowed("same", { origin, host: undefined, cookieOnly: false })).toBe(false)
    }
  })

  it("[F7] allows every page where that is the policy", () => {
    expect(originAllowed("any", { origin: "https://evil.example", host: "x", cookieOnly: true })).toBe(true)
    expect(originAllowed([], { origin: "https://evil.example", host: "x", cookieOnly: true })).toBe(false)
  })

  it("[F7] allows an absent origin unless a cookie alone would speak for a user", () => {
    expect(originAllowed(list, { origin: undefined, host: "x", cookieOnly: false })).toBe(true)
    expect(originAllowed("any", { origin: undefined, host: "x", cookieOnly: true })).toBe(false)
  })

  it("[F41] tells a cookie alone from one beside what no foreign page can send", () => {
    const nothing = { cookie: undefined, authorization: undefined, key: undefined, site: undefined }
    expect(isCookieOnly(nothing)).toBe(false)
    for (const site of [undefined, "cross-site", "same-site", "none"]) expect(isCookieOnly({ ...nothing, cookie: "", site })).toBe(true)
    for (const beside of [{ authorization: "Bearer x" }, { key: "x" }, { site: "same-origin" }])
      expect(isCookieOnly({ ...nothing, cookie: "a=b", ...beside })).toBe(false)
  })
})
