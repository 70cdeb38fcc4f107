// Connections that are opened, subscribed, and then do nothing but answer pings.
import { answer } from "../harness/answer.mjs"
import { openLinks } from "../harness/links.mjs"

let opened = 0

/** Opens so many more. */
async function connect(/** @type {any} */ { port, wire, count }) {
  const { links } = await openLinks({ port, wire, channel: "log/idle", count, first: opened, follows: true })
  opened += links.length
  for (const link of links) {
    link.listen((bytes, start, end) => {
      if (end - start === 1 && bytes[start] === 0x32) link.send("3")
      else throw new Error(`an idle connection got: ${bytes.toString("utf8", start, Math.min(end, start + 300))}`)
    })
  }
  return opened
}

answer({ connect })
