import { magpie } from "./magpie.mjs"
import { numbered } from "./texts.mjs"

const CHANNEL = "tools/ask"
const DONE = '"state":"done"'

/** Commands that the server runs: each request is a call with an id of its own, and its reply is that it is done. @type {import("./wires.mjs").Wire} */
export const magpieCall = {
  ...magpie,
  request: (_channel, number, link) =>
    `{"type":"publish","channel":"${CHANNEL}","name":"$command","data":{"action":"call","command":"${number}-${link}","name":"ask","input":${numbered(number)}}}`,
  replyNumberAt: `{"type":"command","channel":"${CHANNEL}","command":"`.length,
  isReply: (text) => text.includes(DONE),
}
