// How a load speaks of presence to each kind of server.

/**
 * @typedef {object} PresenceWire
 * @property {(room: string, number: number) => string} enter
 * @property {(room: string, number: number) => string} leave
 * @property {(room: string, id: number) => string} watch asks to be told, and for the first page where there is one
 * @property {(text: string) => boolean} answersWatch
 * @property {(text: string) => number} told how many joins and leaves a message tells of
 */

/** What a member shows of itself. */
const stateOf = (/** @type {number} */ number) => `{"name":"Member number ${number}","away":false}`

/** @satisfies {PresenceWire} */
const magpie = {
  enter: (room, number) => `{"type":"enter","channel":"hall/${room}","state":${stateOf(number)}}`,
  leave: (room) => `{"type":"leave","channel":"hall/${room}"}`,
  watch: (room, id) => `{"type":"watch","id":${id},"channel":"hall/${room}"}`,
  /** The same, of the members who are there longest and the counts only. */
  watchSampled: (/** @type {string} */ room, /** @type {number} */ id) =>
    `{"type":"watch","id":${id},"channel":"hall/${room}","mode":"sampled"}`,
  unwatch: (/** @type {string} */ room) => `{"type":"unwatch","channel":"hall/${room}"}`,
  answersWatch: (text) => text.startsWith('{"type":"watched"'),
  told(text) {
    if (!text.startsWith('{"type":"presence"')) return 0
    const { joined = [], updated = [], left = [] } = JSON.parse(text)
    if (updated.length > 0) throw new Error(`nobody changed: ${text.slice(0, 300)}`)
    return joined.length + left.length
  },
}

/** An application's own presence, as its guides show it: everybody is told of each join and leave in full. @type {PresenceWire} */
const socketIo = {
  enter: (room, number) => `42["enter","${room}",${stateOf(number)}]`,
  leave: (room) => `42["leave","${room}"]`,
  watch: (room, id) => `42${id}["subscribe","watching/${room}"]`,
  answersWatch: (text) => text.startsWith("43"),
  told: (text) => (text.startsWith('42["join"') || text.startsWith('42["leave"') ? 1 : 0),
}

export const presenceWires = { magpie, "socket.io": socketIo }
