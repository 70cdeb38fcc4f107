import { fakeEnv } from "@magpie/testing"
import { generate } from "selfsigned"
import type { FileSource, TlsPair } from "./certificate.ts"

export const DAY_MS = 86_400_000

/** A pair of its own, valid from a day ago for so many days from a moment on. */
export async function pairFor(days: number, fromMs: number, name = "localhost"): Promise<TlsPair> {
  const { cert, private: key } = await generate([{ name: "commonName", value: name }], {
    keyType: "ec",
    notBeforeDate: new Date(fromMs - DAY_MS),
    notAfterDate: new Date(fromMs + days * DAY_MS),
  })
  return { cert, key }
}

/** Two files that a test writes, on a clock that it moves. */
export function fakeFiles(pair: TlsPair) {
  const env = fakeEnv()
  const contents = new Map<string, string | Buffer>()
  const stamps = new Map<string, number>()
  let writes = 0
  const write = (path: "cert" | "key", content: string | Buffer | undefined): void => {
    stamps.set(path, ++writes)
    if (content === undefined) contents.delete(path)
    else contents.set(path, content)
  }
  const files: FileSource = {
    stamp: async (path) => {
      if (!contents.has(path)) throw new Error("ENOENT")
      return String(stamps.get(path))
    },
    read: async (path) => {
      const content = contents.get(path)
      if (content === undefined) throw new Error("ENOENT")
      return Buffer.from(content)
    },
  }
  write("cert", pair.cert)
  write("key", pair.key)
  return { env, files, write }
}
