import { numbered } from "./texts.mjs"

/** @type {import("./wires.mjs").Wire} */
export const naiveWs = {
  path: "/follow",
  // The path says it all; there is nothing to ask and nothing that confirms.
  greet: async () => {},
  publish: (_channel, number) => numbered(number),
  request: (_channel, number) => numbered(number),
  replyNumberAt: '{"text":"'.length,
}
