/**
 * Who takes up room, in all and by address [F12]: every link that was let in, of Magpie's protocol or of a plain endpoint, from
 * the moment of its admission until it is gone, so that those who wait for their turn count too.
 */
export interface Occupancy {
  readonly all: number
  from(address: string): number
  /** Returns how to leave, which counts once however often it is called. */
  enter(address: string): () => void
}

export function createOccupancy(): Occupancy {
  const byAddress = new Map<string, number>()
  let all = 0
  function leave(key: string): void {
    all -= 1
    const left = (byAddress.get(key) ?? 1) - 1
    if (left > 0) byAddress.set(key, left)
    else byAddress.delete(key)
  }

  return {
    get all() {
      return all
    },
    from: (address) => byAddress.get(addressKey(address)) ?? 0,
    enter(address) {
      const key = addressKey(address)
      all += 1
      byAddress.set(key, (byAddress.get(key) ?? 0) + 1)
      let isIn = true
      return () => {
        if (isIn) leave(key)
        isIn = false
      }
    },
  }
}

/** What counts as one address: an IPv6 host has a whole /64 to itself, so its first four groups. */
export function addressKey(address: string): string {
  if (!address.includes(":")) return address
  const [head = "", tail] = address.split("::")
  const groups = head === "" ? [] : head.split(":")
  const missing = tail === undefined ? 0 : 8 - groups.length - (tail === "" ? 0 : tail.split(":").length)
  const whole = [...groups, ...Array.from({ length: Math.max(0, missing) }, () => "0"), ...(tail ? tail.split(":") : [])]
  return `${whole.slice(0, 4).join(":")}::/64`
}
