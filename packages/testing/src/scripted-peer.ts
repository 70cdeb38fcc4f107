import type { ClientEnvironment, LinkEvents, Transport } from "@magpie/client"
import { type Clock, type DownMessage, type Encoded, jsonCodec, parseUp, type UpMessage } from "@magpie/protocol"
import { type FakeEnv, type FakeEnvOptions, fakeEnv } from "./fake-env.ts"

type MessageOfType<T extends UpMessage["type"]> = Extract<UpMessage, { readonly type: T }>

/** The server's end of one link, in the hands of a test. */
export interface PeerLink {
  readonly url: string
  readonly protocols: readonly string[]
  /** Everything that the client has sent, oldest first. */
  readonly received: readonly UpMessage[]
  /** The same as it came, frame by frame. */
  readonly frames: readonly Encoded[]
  /** What the client closed the link with. */
  readonly closedWith: { readonly code: number; readonly reason: string } | undefined
  /** What the client has sent of one type, oldest first. */
  of<T extends UpMessage["type"]>(type: T): readonly MessageOfType<T>[]
  /** The newest of one type. Fails where there is none. */
  last<T extends UpMessage["type"]>(type: T): MessageOfType<T>
  /** Accepts the link; without this, it stays in its opening. */
  open(): void
  /** Answers hello, with the producer that it offered unless told otherwise. */
  welcome(fields?: Partial<Extract<DownMessage, { readonly type: "welcome" }>>): void
  /** All messages in one frame. */
  send(...messages: DownMessage[]): void
  /** A frame as it stands, also a wrong one. */
  sendRaw(frame: Encoded): void
  /** Closes from the server's side. */
  close(code: number, reason?: string): void
  /** From now on nothing passes in either direction, and nobody is told: a half-open link. */
  drop(): void
  /** What the link still tells the client although it was closed or dropped: a late event. */
  readonly late: LinkEvents
}

export interface ScriptedPeer {
  readonly transport: Transport
  /** Every link that was opened, oldest first. */
  readonly links: readonly PeerLink[]
  /** The newest link. Fails where there is none. */
  readonly link: PeerLink
  /** Whether new links open by themselves. Default true. */
  accepts: boolean
  /** Called for each message that comes in; answers what the test does not want to answer by hand. */
  onMessage: ((message: UpMessage, link: PeerLink) => void) | undefined
}

export interface ScriptedPeerOptions {
  readonly clock: Clock
  /** How long a frame takes in either direction, in milliseconds. Default 0: the end of the turn. */
  readonly delayMs?: number
}

/** A server that is the test itself, at the other end of an in-memory `Transport`. Deterministic on the fake clock. */
export function scriptedPeer({ clock, delayMs = 0 }: ScriptedPeerOptions): ScriptedPeer {
  const links: PeerLink[] = []
  const later = (task: () => void): void => {
    if (delayMs > 0) clock.setTimer(delayMs, task)
    else clock.defer(task)
  }

  const peer: ScriptedPeer = {
    accepts: true,
    onMessage: undefined,
    links,
    get link() {
      const newest = links.at(-1)
      if (newest === undefined) throw new Error("the client has not opened a link")
      return newest
    },
    transport: {
      open(url, protocols, events) {
        const { link, fromClient, closedByClient } = createPeerLink(url, protocols, events, later, clock)
        links.push(link)
        if (peer.accepts) link.open()
        return {
          bufferedBytes: 0,
          send: (frame) => fromClient(frame, (message) => peer.onMessage?.(message, link)),
          close: closedByClient,
        }
      },
    },
  }
  return peer
}

function createPeerLink(url: string, protocols: readonly string[], events: LinkEvents, later: (task: () => void) => void, clock: Clock) {
  const received: UpMessage[] = []
  const frames: Encoded[] = []
  let wire: "up" | "dropped" | "closed" = "up"
  let closedWith: PeerLink["closedWith"]

  const down = (task: () => void): void => later(() => wire === "up" && task())
  const ended = (code: number, reason: string): void => {
    down(() => {
      wire = "closed"
      events.onClose(code, reason)
    })
  }
  const of = <T extends UpMessage["type"]>(type: T) => received.filter((message): message is MessageOfType<T> => message.type === type)

  const link: PeerLink = {
    url,
    protocols,
    received,
    frames,
    get closedWith() {
      return closedWith
    },
    of,
    last(type) {
      const message = of(type).at(-1)
      if (message === undefined) throw new Error(`the client has sent no ${type}`)
      return message
    },
    open: () => down(() => events.onOpen()),
    welcome(fields = {}) {
      link.send({
        type: "welcome",
        version: 1,
        features: [],
        connection: "connection",
        session: "session",
        producer: link.last("hello").producer ?? "producer",
        heartbeatMs: 15_000,
        messageBytes: 65_536,
        at: Math.round(clock.now()),
        ...fields,
      })
    },
    send: (...messages) => link.sendRaw(jsonCodec.join(messages.map(jsonCodec.encode))),
    sendRaw: (frame) => down(() => events.onMessage(frame)),
    close: (code, reason = "") => ended(code, reason),
    drop() {
      wire = "dropped"
    },
    late: events,
  }

  return {
    link,
    fromClient(frame: Encoded, onMessage: (message: UpMessage) => void): void {
      if (wire !== "up") return
      later(() => {
        frames.push(frame)
        for (const value of jsonCodec.decode(frame)) {
          const message = parseUp(value)
          received.push(message)
          onMessage(message)
        }
      })
    },
    closedByClient(code: number, reason: string): void {
      closedWith = { code, reason }
      ended(code, reason)
    },
  }
}

/** For `onMessage`: welcomes, subscribes to an empty log, and answers pings, so that a test only scripts what it is about. */
export function answerPolitely(message: UpMessage, link: PeerLink): void {
  if (message.type === "hello") link.welcome()
  else if (message.type === "ping") link.send({ type: "pong", id: message.id })
  else if (message.type === "unsubscribe") link.send({ type: "unsubscribed", id: message.id, channel: message.channel })
  else if (message.type === "subscribe") {
    const { id, channel, position } = message
    const answer = position === undefined ? "new" : "recovered"
    link.send({ type: "subscribed", id, channel, kind: "stream", answer, position: position ?? { epoch: "e1", offset: 0 } })
  }
}

/** A machine under a test's control: the fake world, its signals by hand, and a scripted peer as the only server. */
export interface FakeMachine extends FakeEnv {
  readonly transport: Transport
  readonly signals: ClientEnvironment["signals"]
  readonly peer: ScriptedPeer
  /** How many still listen to the machine's signals, for leak checks [G12]. */
  readonly signalListeners: number
  wake(): void
  network(online: boolean): void
}

export function fakeMachine(options: FakeEnvOptions & { readonly delayMs?: number } = {}): FakeMachine {
  const env = fakeEnv(options)
  const peer = scriptedPeer({ clock: env.clock, ...(options.delayMs !== undefined && { delayMs: options.delayMs }) })
  const wakeListeners = new Set<() => void>()
  const networkListeners = new Set<(online: boolean) => void>()
  return {
    ...env,
    peer,
    transport: peer.transport,
    signals: {
      onWake(listener) {
        wakeListeners.add(listener)
        return () => wakeListeners.delete(listener)
      },
      onNetwork(listener) {
        networkListeners.add(listener)
        return () => networkListeners.delete(listener)
      },
    },
    get signalListeners() {
      return wakeListeners.size + networkListeners.size
    },
    wake() {
      for (const listener of [...wakeListeners]) listener()
    },
    network(online) {
      for (const listener of [...networkListeners]) listener(online)
    },
  }
}
