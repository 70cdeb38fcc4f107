import { createWebSocketTransport, type WebSocketLike } from "../transport/websocket.ts"
import type { ClientEnvironment } from "./environment.ts"
import { noLog, systemClock, systemRandom, watchForSleep } from "./system.ts"

function listen(target: EventTarget, event: string, listener: () => void): () => void {
  target.addEventListener(event, listener)
  return () => target.removeEventListener(event, listener)
}

function disposeAll(disposers: readonly (() => void)[]): void {
  for (const dispose of disposers) dispose()
}

/** A page, or a worker: there is no document there, and nothing that becomes visible. */
export const environment: ClientEnvironment = {
  clock: systemClock,
  random: systemRandom,
  log: noLog,
  transport: createWebSocketTransport((url, protocols) => new WebSocket(url, protocols) as WebSocketLike),
  signals: {
    onNetwork(listener) {
      const off = [listen(globalThis, "online", () => listener(true)), listen(globalThis, "offline", () => listener(false))]
      return () => disposeAll(off)
    },
    onWake(listener) {
      const off = [watchForSleep(listener), listen(globalThis, "pageshow", listener)]
      if (typeof document !== "undefined") {
        off.push(listen(document, "visibilitychange", () => document.visibilityState === "visible" && listener()))
      }
      return () => disposeAll(off)
    },
  },
}
