import { MagpieError } from "@magpie/protocol"

/** Who the client says it is. */
export interface Credentials {
  /** Whether asking again may give something new. */
  readonly renewable: boolean
  /** Fails with UNAUTHORIZED when the token function fails. */
  current(): Promise<{ readonly token?: string; readonly key?: string }>
}

export function createCredentials(token: string | (() => string | Promise<string>) | undefined, key: string | undefined): Credentials {
  return {
    renewable: typeof token === "function",
    async current() {
      if (key !== undefined) return { key }
      if (token === undefined) return {}
      if (typeof token === "string") return { token }
      let value: unknown
      try {
        value = await token()
      } catch (cause) {
        throw new MagpieError("UNAUTHORIZED", "the token function failed", { cause })
      }
      if (typeof value !== "string") throw new MagpieError("UNAUTHORIZED", "the token function returned no text")
      return { token: value }
    },
  }
}
