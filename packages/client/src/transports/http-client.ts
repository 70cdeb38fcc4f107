import type { Env } from "@magpie/protocol"

export interface HttpRequest {
  readonly method: "GET" | "POST"
  readonly url: string
  readonly body?: string
}

/** What a request tells its owner, never from within `request`. After `onEnd`, and once it is cancelled, nothing follows. */
export interface HttpEvents {
  onHead(status: number): void
  /** The next piece of the body, cut anywhere. */
  onText(text: string): void
  /** Whether the answer came to its end. */
  onEnd(complete: boolean): void
}

/** Asks a server by HTTP: `fetch`, or the in-memory network of a test. */
export interface HttpClient {
  /** Returns how to give it up. */
  request(request: HttpRequest, events: HttpEvents): () => void
}

/** What transports over HTTP need of the world; the machine's own unless a test says otherwise. */
export interface TransportWorld extends Pick<Env, "clock" | "random"> {
  readonly http: HttpClient
}
