import { describe, expect, it } from "vitest"
import { addressKey, createOccupancy } from "./occupancy.ts"

describe("occupancy", () => {
  it("counts what is open, in all and from an address, and forgets an address with its last link", () => {
    const occupancy = createOccupancy()
    const [first, second] = ["192.0.2.1", "192.0.2.1", "192.0.2.2"].map((address) => occupancy.enter(address))
    expect([occupancy.all, occupancy.from("192.0.2.1"), occupancy.from("192.0.2.2")]).toEqual([3, 2, 1])
    first?.()
    first?.()
    expect([occupancy.all, occupancy.from("192.0.2.1"), occupancy.from("192.0.2.2")]).toEqual([2, 1, 1])
    second?.()
    expect([occupancy.all, occupancy.from("192.0.2.1")]).toEqual([1, 0])
  })

  it("takes all addresses of an IPv6 network of 64 bits for one", () => {
    expect(addressKey("2001:db8:1:2:3:4:5:6")).toBe(addressKey("2001:db8:1:2::9"))
    expect(addressKey("2001:db8:1:3::9")).not.toBe(addressKey("2001:db8:1:2::9"))
    expect(addressKey("::1")).toBe("0:0:0:0::/64")
    expect(addressKey("::")).toBe("0:0:0:0::/64")
    expect(addressKey("2001:db8::")).toBe("2001:db8:0:0::/64")
    expect(addressKey("2001:db8::5:6:7:8:9")).toBe("2001:db8:0:5::/64")
    expect(addressKey("2001::5:6:7:8:9")).toBe("2001:0:0:5::/64")
    expect(addressKey("1:2:3:4:5:6:7::")).toBe("1:2:3:4::/64")
    expect(addressKey("1:2:3:4:5:6:7:8")).toBe("1:2:3:4::/64")
    expect(addressKey("192.0.2.1")).toBe("192.0.2.1")
  })
})
