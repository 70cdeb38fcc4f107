import { wires } from "../wire/wires.mjs"
import { openLink } from "./link.mjs"

const AT_ONCE = 50

/**
 * Opens and greets so many links, each a user of its own, spread over several loopback addresses.
 * @param {{ port: number, wire: string, path?: string, channel: string, count: number, first?: number, follows: boolean }} options
 */
export async function openLinks({ port, wire: name, path, channel, count, first = 0, follows }) {
  const wire = wires[name]
  /** @type {import("./link.mjs").Link[]} */
  const links = []
  let next = first
  async function openSome() {
    while (next < first + count) {
      const number = next++
      const link = openLink({
        port,
        path: path ?? wire.path,
        ...(wire.subprotocol === undefined ? {} : { subprotocol: wire.subprotocol }),
        localAddress: `127.0.0.${1 + (number % 10)}`,
      })
      links.push(link)
      await link.opened
      await wire.greet(link, { user: `user-${number}`, channel, follows })
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, openSome))
  return { wire, links }
}
