/** Which peers' word is taken for whom they bring. */
export interface TrustedProxies {
  has(address: string): boolean
}

/**
 * The address that limits count by. `X-Forwarded-For` is only believed from proxies that were named: then it is the last
 * address that none of them added [F14].
 */
export function clientAddress(peer: string, forwardedFor: string | undefined, trusted: TrustedProxies): string {
  if (!trusted.has(peer) || forwardedFor === undefined) return peer
  const hops = forwardedFor.slice(-1_024)
  for (let end = hops.length; end > 0; ) {
    const start = hops.lastIndexOf(",", end - 1) + 1
    const hop = hops.slice(start, end).trim()
    if (hop !== "" && !trusted.has(plainAddress(hop))) return plainAddress(hop.slice(0, 64))
    end = start - 1
  }
  return peer
}

/** `::ffff:127.0.0.1` and `127.0.0.1` are one address. */
export function plainAddress(address: string | undefined): string {
  return address?.startsWith("::ffff:") ? address.slice(7) : (address ?? "unknown")
}
