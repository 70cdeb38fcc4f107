import { magpie } from "./magpie.mjs"
import { magpieCall } from "./magpie-call.mjs"
import { naiveWs } from "./naive-ws.mjs"
import { socketIo } from "./socket-io.mjs"

/**
 * How a load speaks to one kind of server, on raw links. Messages carry `numbered` texts, so that each can be checked.
 * @typedef {object} Wire
 * @property {string} path
 * @property {string} [subprotocol]
 * @property {(link: import("../harness/link.mjs").Link, who: { user: string, channel: string, follows: boolean }) => Promise<void>} greet
 *   says who it is and, where it `follows`, subscribes; resolves when both are confirmed
 * @property {(channel: string, number: number) => string} publish without an answer
 * @property {(channel: string, number: number, link: number) => string} request with one; the number is the link's own
 * @property {number} replyNumberAt where in a reply the request's number stands
 * @property {(text: string) => boolean} [isReply] where a request is told of before it is answered
 */

/** @type {Readonly<Record<string, Wire>>} */
export const wires = { magpie, "magpie-call": magpieCall, "socket.io": socketIo, ws: naiveWs }
