import { randomBytes } from "node:crypto"
import { connect, type Socket } from "node:net"

/** A frame as it came over the wire. */
export interface Frame {
  readonly opcode: number
  readonly payload: Buffer
  readonly masked: boolean
}

/** A TCP connection on which a test writes what it likes. */
export interface RawClient {
  readonly socket: Socket
  /** Everything received before the upgrade, as text. */
  readonly head: string
  readonly frames: readonly Frame[]
  /** The status of the HTTP answer, once there is one. */
  readonly status: number | undefined
  readonly closed: boolean
  /** The code of the close frame received. */
  readonly closeCode: number | undefined
  write(data: string | Uint8Array): void
  text(): string[]
}

export function openRaw(port: number): Promise<RawClient> {
  const socket = connect(port, "127.0.0.1")
  let received = Buffer.alloc(0)
  let head = ""
  const frames: Frame[] = []
  let closed = false
  const client: RawClient = {
    socket,
    get head() {
      return head
    },
    frames,
    get status() {
      const match = /^HTTP\/1\.1 (\d{3})/.exec(head)
      return match ? Number(match[1]) : undefined
    },
    get closed() {
      return closed
    },
    get closeCode() {
      const close = frames.find((frame) => frame.opcode === 8)
      return close && close.payload.length >= 2 ? close.payload.readUInt16BE(0) : undefined
    },
    write: (data) => void socket.write(data),
    text: () => frames.filter((frame) => frame.opcode === 1).map((frame) => frame.payload.toString()),
  }
  socket.on("data", (chunk) => {
    received = Buffer.concat([received, chunk])
    if (head === "") {
      const end = received.indexOf("\r\n\r\n")
      if (end < 0) return
      head = received.subarray(0, end).toString()
      received = received.subarray(end + 4)
    }
    if (client.status !== 101) return
    for (let frame = takeFrame(); frame; frame = takeFrame()) frames.push(frame)
  })
  socket.on("error", () => {})
  socket.on("close", () => {
    closed = true
  })

  function takeFrame(): Frame | undefined {
    if (received.length < 2) return undefined
    const [first = 0, second = 0] = received
    const short = second & 0x7f
    const headerBytes = short < 126 ? 2 : short === 126 ? 4 : 10
    if (received.length < headerBytes) return undefined
    const length = short < 126 ? short : short === 126 ? received.readUInt16BE(2) : Number(received.readBigUInt64BE(2))
    if (received.length < headerBytes + length) return undefined
    const payload = received.subarray(headerBytes, headerBytes + length)
    received = received.subarray(headerBytes + length)
    return { opcode: first & 0x0f, payload, masked: (second & 0x80) !== 0 }
  }

  return new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(client))
    socket.once("error", reject)
  })
}

/** A valid upgrade request, with headers changed, added or (undefined) left out. */
export function upgradeRequest(path: string, headers: Readonly<Record<string, string | undefined>> = {}, method = "GET"): string {
  const all: Record<string, string | undefined> = {
    Host: "127.0.0.1",
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
    ...headers,
  }
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]))
  return `${method} ${path} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`
}

export interface FrameOptions {
  readonly fin?: boolean
  /** RSV bits, as they stand in the first byte. */
  readonly reserved?: number
  readonly masked?: boolean
  /** What the header claims, when it shall not be the payload's length. */
  readonly claimedLength?: bigint
}

/** A client's frame, with everything that a test may want to be wrong. */
export function frame(opcode: number, payload: Buffer | string = "", options: FrameOptions = {}): Buffer {
  const { fin = true, reserved = 0, masked = true, claimedLength } = options
  const body = Buffer.from(payload)
  const length = claimedLength ?? BigInt(body.length)
  const header = Buffer.alloc(length < 126n ? 2 : length < 65_536n ? 4 : 10)
  header[0] = (fin ? 0x80 : 0) | reserved | opcode
  const maskBit = masked ? 0x80 : 0
  if (length < 126n) header[1] = maskBit | Number(length)
  else if (length < 65_536n) {
    header[1] = maskBit | 126
    header.writeUInt16BE(Number(length), 2)
  } else {
    header[1] = maskBit | 127
    header.writeBigUInt64BE(length, 2)
  }
  if (!masked) return Buffer.concat([header, body])
  const mask = randomBytes(4)
  const scrambled = Buffer.from(body.map((byte, index) => byte ^ (mask[index % 4] ?? 0)))
  return Buffer.concat([header, mask, scrambled])
}

/** A connection that has been upgraded. */
export async function openWebSocket(
  port: number,
  path = "/magpie",
  headers: Readonly<Record<string, string | undefined>> = {},
): Promise<RawClient> {
  const client = await openRaw(port)
  client.write(upgradeRequest(path, headers))
  await until(() => client.status !== undefined)
  return client
}

/** Waits for a fact, looking again at each turn of the event loop; the test's own time limit bounds it. */
export async function until(fact: () => boolean): Promise<void> {
  while (!fact()) await new Promise<void>((resolve) => setImmediate(resolve))
}
