/** The WebSocket subprotocol of a client that speaks MessagePack; several messages may share a frame. */
export const SUBPROTOCOL_MSGPACK = "magpie.v1.msgpack"
