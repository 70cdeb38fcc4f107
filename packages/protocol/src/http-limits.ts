import type { LimitRow } from "./limit-row.ts"

/** Limits of what comes by plain HTTP: links and readers without a WebSocket, and the API for back ends. */
export const HTTP_LIMITS = {
  pollMs: { value: 25_000, unit: "ms", answer: "later", about: "time that a long poll may wait for news, then it is answered without any" },
  pollIdleMs: {
    value: 10_000,
    unit: "ms",
    answer: "close NO_PONG",
    about: "time without a poll after which a link over long polls is given up, with what was held for it",
  },
  pollsPerSecond: {
    value: 1_000,
    unit: "per second",
    answer: "close RATE_LIMITED",
    about: "polls of one link, with a burst of twice as many; one waits at a time, a newer one takes its place",
  },
  postMs: { value: 10_000, unit: "ms", answer: "http 408", about: "time for the body of one POST of a link, or of a poll, to come" },
  postsPerLink: { value: 4, unit: "count", answer: "http 429", about: "bodies of one link that are read at the same time" },
  postsAtOnce: { value: 1_024, unit: "count", answer: "http 503", about: "bodies of all links that are read at the same time" },
  visitBytes: {
    value: 262_144,
    unit: "bytes",
    answer: "http 413",
    about: "length of what a client without a link of its own brings on one visit",
  },
  visitMessages: {
    value: 4_096,
    unit: "count",
    answer: "BAD_REQUEST",
    about: "messages that a client without a link of its own brings on one visit; what it wants to stand is among them",
  },
  readChannels: {
    value: 16,
    unit: "count",
    answer: "BAD_REQUEST",
    about: "channels that the URL of an event stream or of a single poll may name",
  },
  apiBodyBytes: { value: 1_048_576, unit: "bytes", answer: "TOO_LARGE", about: "length of the body of one request to the HTTP API" },
  apiBodyMs: { value: 10_000, unit: "ms", answer: "TIMEOUT", about: "time for the body of one request to the HTTP API to come" },
  apiWaitMs: {
    value: 25_000,
    unit: "ms",
    answer: "BAD_REQUEST",
    about: "time that a request to the HTTP API may wait for the end of a command that it calls",
  },
  apiBatch: { value: 500, unit: "count", answer: "BAD_REQUEST", about: "messages in one batch of the HTTP API" },
  apiRequests: { value: 256, unit: "count", answer: "UNAVAILABLE", about: "requests to the HTTP API that are answered at the same time" },
  apiRequestsPerAddressPerSecond: {
    value: 500,
    unit: "per second",
    answer: "RATE_LIMITED",
    about: "requests to the HTTP API from one address, counted before their credentials are looked at, with a burst of twice as many",
  },
  apiMessagesPerCallerPerSecond: {
    value: 2_000,
    unit: "per second",
    answer: "RATE_LIMITED",
    about: "requests to the HTTP API with one user's credentials, each message of a batch for one, with a burst of twice as many",
  },
} as const satisfies Record<string, LimitRow>
