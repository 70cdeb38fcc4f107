/** Links are reset all the time, and whoever waits long for the next one measures its own patience. */
export const BACKOFF = { initialMs: 20, maxMs: 200 }
