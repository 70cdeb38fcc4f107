import type { HttpClient, TransportWorld } from "../transports/http-client.ts"
import { systemClock, systemRandom } from "./system.ts"

/** HTTP by `fetch`, in a page as in Node. Cookies go along where the server is the page's own, for load balancers that use them. */
const fetchHttp: HttpClient = {
  request({ method, url, body }, { onHead, onText, onEnd }) {
    const aborter = new AbortController()

    async function run(): Promise<void> {
      const response = await fetch(url, {
        method,
        signal: aborter.signal,
        redirect: "error",
        ...(body === undefined ? { cache: "no-store" } : { body }),
      })
      if (!aborter.signal.aborted) onHead(response.status)
      const decoder = new TextDecoder()
      const reader = response.body?.getReader()
      for (let piece = await reader?.read(); piece && !piece.done; piece = await reader?.read()) {
        const text = decoder.decode(piece.value, { stream: true })
        if (text !== "" && !aborter.signal.aborted) onText(text)
      }
    }

    function ended(complete: boolean): void {
      if (!aborter.signal.aborted) onEnd(complete)
    }

    run().then(
      () => ended(true),
      () => ended(false),
    )
    return () => aborter.abort()
  },
}

export const thisMachine: TransportWorld = { clock: systemClock, random: systemRandom, http: fetchHttp }
