import { describe, expect, it } from "vitest"
import { clientAddress, plainAddress } from "./client-address.ts"

const trusted = new Set(["10.0.0.1", "10.0.0.2"])

describe("client address", () => {
  it("[F14] ignores X-Forwarded-For from a hop that is not trusted", () => {
    expect(clientAddress("203.0.113.9", "198.51.100.1", trusted)).toBe("203.0.113.9")
  })

  it("[F14] takes the last address that no trusted proxy added", () => {
    expect(clientAddress("10.0.0.1", "1.1.1.1, 198.51.100.7, 10.0.0.2", trusted)).toBe("198.51.100.7")
    expect(clientAddress("10.0.0.1", "10.0.0.2", trusted)).toBe("10.0.0.1")
    expect(clientAddress("10.0.0.1", undefined, trusted)).toBe("10.0.0.1")
  })

  it("[F14] reads a huge header only from its end", () => {
    expect(clientAddress("10.0.0.1", `${"9.9.9.9, ".repeat(100_000)}198.51.100.7`, trusted)).toBe("198.51.100.7")
  })

  it("[F14] looks no further back than a header of honest proxies goes", () => {
    expect(clientAddress("10.0.0.1", `198.51.100.7,${" ".repeat(2_000)}`, trusted)).toBe("10.0.0.1")
  })

  it("[F14] passes over what is empty, and keeps no more of an address than one can have", () => {
    expect(clientAddress("10.0.0.1", "198.51.100.7, ,10.0.0.2,", trusted)).toBe("198.51.100.7")
    expect(clientAddress("10.0.0.1", "x".repeat(100), trusted)).toBe("x".repeat(64))
  })

  it("calls an address that a closed socket no longer has unknown", () => {
    expect(plainAddress(undefined)).toBe("unknown")
  })

  it("counts an IPv4 address once, however the socket writes it", () => {
    expect(plainAddress("::ffff:127.0.0.1")).toBe(plainAddress("127.0.0.1"))
  })
})
