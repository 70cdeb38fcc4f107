import { mkdirSync } from "node:fs"
import type { IncomingMessage, ServerResponse } from "node:http"
import { join, resolve } from "node:path"
import { type AnyContract, DEFAULT_PATH } from "@magpie/protocol"
import { createServer, DEFAULT_API_PREFIX, lmdb, type RequestHandler, type Server, type ServerOptions } from "@magpie/server"
import sirv from "sirv"
import { type LoadedConfig, staticDirectory } from "./config/load.ts"
import { type Config, type ConfiguredEndpoint, echo } from "./config.ts"

export interface ServeOptions {
  readonly port?: number | undefined
  readonly host?: string | undefined
  readonly data?: string | undefined
}

export interface Serving {
  readonly server: Server<AnyContract>
  /** Where clients of Magpie's protocol connect. */
  readonly url: string
  /** Where the HTTP API is; undefined where the configuration leaves it out. */
  readonly api: string | undefined
  readonly endpoints: readonly string[]
  readonly pages: boolean
  readonly data: string
}

export const DEFAULT_PORT = 8080

/** What stands before the HTTP API's paths; undefined where there is none. */
export function apiPrefix({ api }: Pick<Config, "api">): string | undefined {
  return api === false ? undefined : (api?.prefix ?? DEFAULT_API_PREFIX)
}

/** Where a configuration keeps its streams. */
export function dataDirectory({ data = "data" }: Pick<Config, "data">): string {
  return resolve(data)
}

/** A server with everything that a configuration says of it, not yet listening. Fails with INVALID_OPTIONS. */
export function assemble(config: Config, options: Pick<ServerOptions, "storage" | "log">): Server<AnyContract> {
  const server = createServer(config.contract, { ...config, ...options })
  try {
    for (const [pattern, rules] of Object.entries(config.channels)) server.channel(pattern, rules)
    for (const [path, { handler, ...endpointOptions }] of endpointsOf(config)) server.endpoint(path, handler, endpointOptions)
    return server
  } catch (failure) {
    server.close({ spreadMs: 0 }).catch(() => {})
    throw failure
  }
}

function endpointsOf(config: Config): readonly (readonly [path: string, endpoint: ConfiguredEndpoint])[] {
  return Object.entries({ "/": echo, ...config.endpoints }).flatMap(([path, endpoint]) => (endpoint ? [[path, endpoint] as const] : []))
}

/** Starts what a configuration describes. The caller closes the server. */
export async function serve({ config, file }: LoadedConfig, options: ServeOptions): Promise<Serving> {
  const data = dataDirectory({ data: options.data ?? config.data ?? "data" })
  mkdirSync(data, { recursive: true, mode: 0o700 })
  const server = assemble(config, { storage: lmdb({ directory: join(data, "magpie") }) })
  try {
    await config.setup?.(server)
    const host = options.host ?? config.host
    const directory = staticDirectory(config, file)
    const { url } = await server.listen({
      port: options.port ?? config.port ?? DEFAULT_PORT,
      ...(host === undefined ? undefined : { host }),
      ...(config.tls === undefined ? undefined : { tls: config.tls }),
      ...(directory === undefined ? undefined : { http: pages(directory) }),
    })
    const prefix = apiPrefix(config)
    return {
      server,
      url,
      api: prefix === undefined ? undefined : `${url.replace(/^ws/, "http").slice(0, -(config.path ?? DEFAULT_PATH).length)}${prefix}`,
      endpoints: endpointsOf(config).map(([path]) => path),
      pages: directory !== undefined,
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

function pages(directory: string): RequestHandler {
  const files = sirv(directory, {
    etag: true,
    setHeaders: (response, path) => {
      for (const [name, value] of Object.entries(PAGE_HEADERS)) response.setHeader(name, value)
      if (path.startsWith("/assets/")) response.setHeader("Cache-Control", "public, max-age=31536000, immutable")
    },
  })
  return (request: IncomingMessage, response: ServerResponse) => {
    // A file may be gone by now, or no more files may be opened; nobody else listens for that.
    response.on("pipe", (file) => file.on("error", () => response.destroy()))
    files(request, response, () => {
      response.writeHead(404, { "Content-Type": "text/plain; charset=utf-8" })
      response.end("Nothing is here.\n")
    })
  }
}
