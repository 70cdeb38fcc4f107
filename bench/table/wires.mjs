// How a load follows quotes at two updates a second on each kind of server.
import { tokenFor } from "../harness/token.mjs"
import { firstText } from "../wire/texts.mjs"

/**
 * @typedef {{ readonly key: string, readonly value: any, readonly fields?: any, readonly count?: number }} ToldRow
 * @typedef {object} TableWire
 * @property {string} path
 * @property {string} [subprotocol]
 * @property {(link: import("../harness/link.mjs").Link, user: string) => Promise<void>} greet
 * @property {(keys: readonly string[] | undefined) => string} follow without keys all of them
 * @property {(text: string) => boolean} isFollowed whether that is confirmed, and what there was before was told
 * @property {(text: string) => readonly ToldRow[] | undefined} rows of a message; undefined where it is of another kind
 * @property {string} [sign] of life, where the server asks for one
 */

/** Two updates a second. */
export const INTERVAL_MS = 500

/** @satisfies {TableWire} */
const magpie = {
  path: "/magpie",
  subprotocol: "magpie.v1.json",
  async greet(link, user) {
    const welcome = firstText(link, (text) => text.includes('"type":"welcome"'))
    link.send(JSON.stringify({ type: "hello", version: 1, token: tokenFor(user) }))
    await welcome
  },
  follow: (keys) => JSON.stringify({ type: "subscribe", id: 0, channel: "quotes", intervalMs: INTERVAL_MS, ...(keys && { keys }) }),
  isFollowed: (text) => text.startsWith('{"type":"rows"') && !text.includes('"more":true'),
  rows(text) {
    if (!text.startsWith('{"type":"rows"')) return undefined
    return JSON.parse(text).rows.map((/** @type {any} */ { key, data, fields, count }) => ({ key, value: data, fields, count }))
  },
}

/** @type {TableWire} */
const naiveWs = {
  path: "/",
  greet: async () => {},
  follow: (keys) => JSON.stringify(keys),
  isFollowed: (text) => text === "[]",
  rows: (text) => JSON.parse(text),
}

/** Engine.IO 4 on a WebSocket, Socket.IO protocol 5. @type {TableWire} */
const socketIo = {
  path: "/socket.io/?EIO=4&transport=websocket",
  async greet(link) {
    const connected = firstText(link, (text) => text.startsWith("40"))
    link.send("40")
    await connected
  },
  follow: (keys) => `420["follow",${JSON.stringify(keys)}]`,
  isFollowed: (text) => text.startsWith("430"),
  rows: (text) => (text.startsWith('42["quotes"') ? JSON.parse(text.slice(2))[1] : undefined),
  sign: "3",
}

/** @type {Readonly<Record<string, TableWire>>} */
export const tableWires = { magpie, "socket.io": socketIo, ws: naiveWs }
