/** Who goes through the same run: Magpie, and Socket.IO in the three ways in which its documentation sets it up. */
export const CONTENDERS = {
  magpie: { title: "Magpie", server: "magpie.js", stores: true },
  "socket.io": { title: "Socket.IO", server: "socket-io.js", stores: false },
  "socket.io+recovery": { title: "Socket.IO, recovery on", server: "socket-io.js", stores: false },
  "socket.io+retries": { title: "Socket.IO, retries on", server: "socket-io.js", stores: false },
} as const

export type ContenderName = keyof typeof CONTENDERS

/** Both sides are asked for a sign of life after so long, and given so long to answer, for every contender. */
export const HEARTBEAT_MS = 1_000
export const PONG_TIMEOUT_MS = 1_500
