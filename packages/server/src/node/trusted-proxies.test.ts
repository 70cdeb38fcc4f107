import { describe, expect, it } from "vitest"
import { clientAddress } from "../access/client-address.ts"
import { trustedProxies } from "./trusted-proxies.ts"

describe("trusted proxies", () => {
  it.each([
    ["10.0.0.1", "10.0.0.1", true],
    ["10.0.0.1", "10.0.0.2", false],
    ["10.0.0.0/8", "10.255.3.4", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.0.0.7/8", "10.9.9.9", true],
    ["192.0.2.128/25", "192.0.2.127", false],
    ["192.0.2.128/25", "192.0.2.128", true],
    ["192.0.2.9/32", "192.0.2.8", false],
    ["0.0.0.0/0", "203.0.113.9", true],
    ["0.0.0.0/0", "2001:db8::1", false],
    ["2001:db8::/32", "2001:db8:ffff::1", true],
    ["2001:db8::/32", "2001:db9::1", false],
    ["2001:db8::0:1", "2001:db8:0:0:0:0:0:1", true],
    ["fd00::/8", "10.0.0.1", false],
    ["10.0.0.0/8", "unknown", false],
    ["10.0.0.0/8", "10.0.0.1 ", false],
  ])("[F14] %s holds for %s: %s", (given, address, holds) => {
    expect(trustedProxies([given]).has(address)).toBe(holds)
  })

  it("[F14] believes nobody where none is named", () => {
    expect(trustedProxies().has("127.0.0.1")).toBe(false)
  })

  it("[F14] finds the client behind several proxies of a range", () => {
    const trusted = trustedProxies(["10.0.0.0/8", "2001:db8::/32"])
    expect(clientAddress("10.0.0.1", "10.1.1.1, 198.51.100.7, 2001:db8::5, 10.2.2.2", trusted)).toBe("198.51.100.7")
    expect(clientAddress("192.0.2.1", "198.51.100.7", trusted)).toBe("192.0.2.1")
  })

  it.each(["proxy.internal", "10.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8", "::/129", "fe80::1%eth0", "", 7, null])(
    "refuses %j and names the option",
    (given) => {
      expect(() => trustedProxies([given as string])).toThrowError(
        expect.objectContaining({ code: "INVALID_OPTIONS", details: { option: "trustedProxies" } }),
      )
    },
  )

  it("refuses what is no list", () => {
    expect(() => trustedProxies("10.0.0.1" as never)).toThrowError(expect.objectContaining({ code: "INVALID_OPTIONS" }))
  })
})
