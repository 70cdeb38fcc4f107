import type { AnyContract, PatternName } from "@magpie/protocol"
import {
  anonymous,
  broadcast,
  type ChannelRules,
  contract,
  type EndpointHandler,
  type EndpointOptions,
  json,
  type Server,
  type ServerOptions,
  stream,
  type TlsOptions,
  type User,
} from "@magpie/server"

/**
 * What `magpie serve` reads from `magpie.config.ts`: a server's options, its channels' rules, and where it listens. Every field,
 * with the environment variables that go before it, is in docs/config.md.
 */
export interface Config<C extends AnyContract = AnyContract, U extends User = User> extends Omit<ServerOptions<U>, "storage" | "log"> {
  readonly contract: C
  readonly channels: { readonly [P in PatternName<C>]: ChannelRules<C, P, U> }
  /** Plain WebSocket endpoints by path. Default: the echo of the guide at `/`; `false` leaves a path free. */
  readonly endpoints?: Readonly<Record<string, ConfiguredEndpoint | false>>
  /** A directory of pages, relative to the configuration file. */
  readonly static?: string
  /** Default 8080; `MAGPIE_PORT`, `PORT` and `--port` go before it. */
  readonly port?: number
  readonly host?: string
  readonly tls?: TlsOptions
  /** Where streams are kept, relative to the working directory. Default `data`; `MAGPIE_DATA` and `--data` go before it. */
  readonly data?: string
  /** Called with the server before it listens, for code that publishes by itself. */
  readonly setup?: (server: Server<C, U>) => void | Promise<void>
}

export interface ConfiguredEndpoint extends EndpointOptions {
  readonly handler: EndpointHandler
}

/** Gives a configuration its types. */
export function defineConfig<C extends AnyContract, U extends User = User>(config: Config<C, U>): Config<C, U> {
  return config
}

/** The guide's answer to every message at `/`, in its own words. */
export const GUIDE_ECHO = "伺服器已收到您的訊息"

/** Open to every page's console, as the guide shows it: it trusts nobody and tells nothing. */
export const echo: ConfiguredEndpoint = {
  origins: "any",
  handler: (socket) => {
    socket.on("message", () => socket.send(GUIDE_ECHO))
  },
}

/** What is served without a configuration: open channels for a first try, on this machine only. */
export function defaultConfig(): Config {
  const open = { authorize: () => true }
  const everything = contract({
    "broadcast/:name": broadcast({ messages: { message: json() } }),
    "stream/:name": stream({ messages: { message: json() } }),
  })
  return { contract: everything, auth: anonymous(), channels: { "broadcast/:name": open, "stream/:name": open }, host: "127.0.0.1" }
}
