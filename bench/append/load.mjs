// Follows the channel over its links, so that the server encodes and sends what is said. What is said is checked by the server.
import { answer } from "../harness/answer.mjs"
import { openLinks } from "../harness/links.mjs"

let heard = 0

async function connect(/** @type {any} */ { port, followers }) {
  const { links } = await openLinks({ port, wire: "magpie", channel: "log/answers", count: followers, follows: true })
  for (const link of links) link.listen((bytes, start, end) => count(bytes.toString("utf8", start, end)))
}

function count(/** @type {string} */ text) {
  heard += text.split('{"type":"message"').length - 1
}

/** Resolves when so many messages were heard since the last call. */
async function hear(/** @type {number} */ messages) {
  const late = performance.now() + 15_000
  while (heard < messages) {
    if (performance.now() > late) throw new Error(`${heard} of ${messages} messages were heard`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  if (heard > messages) throw new Error(`${heard} messages were heard, ${messages} were said`)
  heard = 0
}

answer({ connect, hear })
