/** The first line of an answer to a poll or a visit. */
export interface Head {
  readonly n: number
  readonly secret?: string
  readonly node?: string
  readonly replaced?: boolean
  readonly close?: { readonly code: number; readonly reason: string }
}

/** What stands before the frames; undefined where a proxy or somebody else answered in the server's place. */
export function readHead(line: string): Head | undefined {
  try {
    const head: Head = JSON.parse(line)
    return typeof head?.n === "number" && (head.close === undefined || typeof head.close?.code === "number") ? head : undefined
  } catch {
    return undefined
  }
}
