import { tokenFor } from "../harness/token.mjs"
import { firstText, numbered } from "./texts.mjs"

/** A stream counts its producer's publishes. */
const sequence = (/** @type {string} */ channel, /** @type {number} */ number) =>
  channel.startsWith("log/") ? `"sequence":${number},` : ""

/** @type {import("./wires.mjs").Wire} */
export const magpie = {
  path: "/magpie",
  subprotocol: "magpie.v1.json",
  async greet(link, { user, channel, follows }) {
    const welcome = firstText(link, (text) => text.includes('"type":"welcome"'))
    link.send(JSON.stringify({ type: "hello", version: 1, token: tokenFor(user) }))
    await welcome
    if (!follows) return
    const subscribed = firstText(link, (text) => text.includes('"type":"subscribed"'))
    link.send(JSON.stringify({ type: "subscribe", id: 0, channel }))
    await subscribed
  },
  publish: (channel, number) =>
    `{"type":"publish","channel":"${channel}","name":"say",${sequence(channel, number)}"data":${numbered(number)}}`,
  request: (channel, number) =>
    `{"type":"publish","id":${number},"channel":"${channel}","name":"say",${sequence(channel, number)}"data":${numbered(number)}}`,
  replyNumberAt: '{"type":"published","id":'.length,
}
