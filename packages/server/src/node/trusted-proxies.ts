import { BlockList, isIP } from "node:net"
import { MagpieError } from "@magpie/protocol"
import type { TrustedProxies } from "../access/client-address.ts"

const BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 }

/** Addresses, and ranges as `10.0.0.0/8` and `fd00::/8`. Fails with INVALID_OPTIONS on what is neither. */
export function trustedProxies(given: readonly string[] = []): TrustedProxies {
  if (!Array.isArray(given)) refuse("must be a list of addresses and ranges")
  const list = new BlockList()
  for (const each of given) add(list, each)
  return {
    has(address) {
      const family = isIP(address)
      return family !== 0 && list.check(address, family === 4 ? "ipv4" : "ipv6")
    },
  }
}

function add(list: BlockList, given: unknown): void {
  const [address = "", prefix, ...rest] = typeof given === "string" ? given.split("/") : []
  const family = isIP(address)
  const bits = BITS[family] ?? 0
  // A zone is of one machine's own interface.
  if (family === 0 || rest.length > 0 || address.includes("%")) refuse(`has ${JSON.stringify(given)}, which is no address and no range`)
  const type = family === 4 ? "ipv4" : "ipv6"
  if (prefix === undefined) return list.addAddress(address, type)
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) refuse(`has ${JSON.stringify(given)}, whose length is not from 0 to ${bits}`)
  list.addSubnet(address, Number(prefix), type)
}

function refuse(why: string): never {
  throw new MagpieError("INVALID_OPTIONS", `trustedProxies ${why}`, { details: { option: "trustedProxies" } })
}
