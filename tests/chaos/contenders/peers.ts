import { createRequire } from "node:module"

/** The peers are installed in bench/, a project of its own, so their types are not at hand: what is used of them is written down here. */
const require = createRequire(new URL("../../../../bench/package.json", import.meta.url))

type Listener = (...values: never[]) => void

export interface SocketIoServerSocket {
  readonly recovered: boolean
  join(room: string): void
  on(event: string, listener: Listener): void
}

export interface SocketIoServer {
  on(event: "connection", listener: (socket: SocketIoServerSocket) => void): void
  to(room: string): { emit(event: string, value: unknown): void }
}

export interface SocketIoClient {
  readonly connected: boolean
  /** Emits that wait for the link. */
  readonly sendBuffer: readonly unknown[]
  on(event: string, listener: Listener): void
  emit(event: string, ...values: unknown[]): void
  disconnect(): void
}

export function loadSocketIoServer(): new (http: unknown, options: object) => SocketIoServer {
  return require("socket.io").Server
}

export function loadSocketIoClient(): (url: string, options: object) => SocketIoClient {
  return require("socket.io-client").io
}
