import { existsSync, mkdirSync } from "node:fs"
import type { IncomingMessage, ServerResponse } from "node:http"
import { dirname, join, resolve } from "node:path"
import { type AnyContract, MagpieError } from "@magpie/protocol"
import { createServer, lmdb, type RequestHandler, type Server } from "@magpie/server"
import sirv from "sirv"
import { type Config, echo, type LoadedConfig } from "./config.ts"

export interface ServeOptions {
  readonly port?: number | undefined
  readonly host?: string | undefined
  readonly data?: string | undefined
}

export interface Serving {
  readonly server: Server<AnyContract>
  /** Where clients of Magpie's protocol connect. */
  readonly url: string
  readonly endpoints: readonly string[]
  readonly pages: boolean
  readonly data: string
}

/** Starts what a configuration describes. The caller closes the server. */
export async function serve({ config, file }: LoadedConfig, options: ServeOptions): Promise<Serving> {
  const data = resolve(options.data ?? config.data ?? "data")
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const server = createServer(config.contract, { ...config, storage: lmdb({ directory: join(data, "magpie") }) })
  try {
    for (const [pattern, rules] of Object.entries(config.channels)) server.channel(pattern, rules)
    const endpoints = Object.entries({ "/": echo, ...config.endpoints }).flatMap(([path, endpoint]) =>
      endpoint ? [{ path, ...endpoint }] : [],
    )
    for (const { path, handler, ...endpointOptions } of endpoints) server.endpoint(path, handler, endpointOptions)
    await config.setup?.(server)
    const host = options.host ?? config.host
    const { url } = await server.listen({
      port: options.port ?? config.port ?? 8080,
      ...(host === undefined ? undefined : { host }),
      ...(config.tls === undefined ? undefined : { tls: config.tls }),
      ...pages(config, file),
    })
    return {
      server,
      url,
      endpoints: endpoints.map(({ path }) => path),
      pages: config.static !== undefined,
      data,
    }
  } catch (failure) {
    await server.close({ spreadMs: 0 })
    throw failure
  }
}

const PAGE_HEADERS = {
  "Content-Security-Policy":
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
}

function pages(config: Config, file: string | undefined): { readonly http?: RequestHandler } {
  if (config.static === undefined) return {}
  const directory = resolve(file === undefined ? "." : dirname(file), config.static)
  if (!existsSync(directory)) throw new MagpieError("INVALID_OPTIONS", `static: there is no directory ${directory}; build the pages first`)
  const files = sirv(directory, {
    etag: true,
    setHeaders: (response, path) => {
      for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value)
      if (path.startsWith("/assets/")) response.setHeader("Cache-Control", "public, max-age=31536000, immutable")
    },
  })
  return {
    http(request: IncomingMessage, response: ServerResponse) {
      // A file may be gone by now, or no more files may be opened; nobody else listens for that.
      response.on("pipe", (file) => file.on("error", () => response.destroy()))
      files(request, response, () => {
        response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8" })
        response.end("Nothing is here.\n")
      })
    },
  }
}
