import { type AddressInfo, createServer, connect as dial, type Socket } from "node:net"

export interface LossyLink {
  readonly port: number
  /** Resets every connection that runs through it, as a phone does that changes its network. */
  reset(): void
  close(): Promise<void>
}

/** A way to a server on this machine that can be cut at any moment. */
export async function startLossyLink(to: () => number): Promise<LossyLink> {
  const open = new Set<Socket>()
  const server = createServer((near) => {
    const far = dial(to(), "127.0.0.1")
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket)
      socket.on("error", () => other.destroy())
      socket.on("close", () => {
        open.delete(socket)
        other.destroy()
      })
      socket.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const reset = (): void => {
    for (const socket of [...open]) socket.resetAndDestroy()
  }
  return {
    port: (server.address() as AddressInfo).port,
    reset,
    async close() {
      reset()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
