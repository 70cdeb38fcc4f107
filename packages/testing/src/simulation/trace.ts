/** Everything that happened, folded into one number: equal runs have equal hashes, and other runs almost never. */
export interface Trace {
  readonly hash: string
  add(atMs: number, who: string, what: string): void
}

export type TraceListener = (atMs: number, who: string, what: string) => void

const FNV_PRIME = 0x01000193

/** `tell` hears each event too. */
export function createTrace(tell?: TraceListener): Trace {
  let a = 0x811c9dc5
  let b = 0x2f0e1eeb
  /** Frames are long, so a character costs one multiplication. */
  function fold(text: string): void {
    let hash = text.length
    for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME)
    foldNumber(hash)
  }
  function foldNumber(value: number): void {
    a = Math.imul(a ^ value, FNV_PRIME)
    b = Math.imul(b ^ (value + (a >>> 15)), 0x5bd1e995)
  }
  return {
    get hash() {
      return (a >>> 0).toString(16).padStart(8, "0") + (b >>> 0).toString(16).padStart(8, "0")
    },
    add(atMs, who, what) {
      tell?.(atMs, who, what)
      foldNumber(Math.round(atMs * 1_000))
      fold(who)
      fold(what)
    },
  }
}
