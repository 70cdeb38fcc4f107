import type { CommandRow, DurableLog } from "@magpie/journal"
import { type Clock, isFinal, type Limits, MagpieError } from "@magpie/protocol"
import { encodedBytes } from "../flow/batch.ts"
import type { Connection } from "../session/connection.ts"
import type { RoomWaiter } from "../session/send-queue.ts"
import { commandMessage } from "./command-message.ts"

/** Commands that one who serves is given before he has ended earlier ones. */
const WINDOW = 32

export interface FeedOptions {
  readonly clock: Clock
  readonly log: Pick<DurableLog, "command" | "openCommands">
  readonly limits: Pick<Limits, "callsPerConnection" | "servedPerConnection">
  /** A call that was followed has ended, or the connection has. */
  readonly onUnfollow: (channel: string, id: string) => void
}

/** Whom a connection is for a channel's commands. */
interface Serving {
  readonly fence: number
  /** Offset at which this connection began to. */
  readonly since: number
  /** Offset of the call that it was given last. */
  cursor: number
  /** What it was given and has not ended, with the version that it knows. */
  readonly given: Map<string, number>
}

/** A command that it called, and the version of it that it was told. */
interface Called {
  readonly name: string
  version: number
}

/**
 * What one connection is told of commands: those that it called as they are now, each as soon as there is room; and those that it
 * serves in the order of their calls, a window at a time. What is held for it is names.
 */
export class CommandFeed implements RoomWaiter {
  readonly #connection: Connection
  readonly #options: FeedOptions
  readonly #called = new Map<string, Map<string, Called>>()
  readonly #serving = new Map<string, Serving>()
  readonly #changed = new Map<string, Set<string>>()
  /** Channels that it serves and in which there may be something to give. */
  readonly #waiting = new Set<string>()
  /** Channels that it will serve when the log has taken that. */
  readonly #taking = new Map<string, number>()
  #calls = 0

  constructor(connection: Connection, options: FeedOptions) {
    this.#connection = connection
    this.#options = options
  }

  /** Keeps room for a call that is on its way to the log. Fails with LIMIT_EXCEEDED. */
  reserve(): void {
    const { callsPerConnection } = this.#options.limits
    if (this.#calls++ < callsPerConnection) return
    this.#calls--
    throw new MagpieError("LIMIT_EXCEEDED", `a connection waits for at most ${callsPerConnection} commands`, {
      details: { limit: "callsPerConnection" },
    })
  }

  /** Gives room back that was kept. */
  release(): void {
    this.#calls--
  }

  /** In the room that was kept. It is told of what is newer than the version that it knows. */
  follow(channel: string, id: string, name: string, known: number): void {
    const ids = this.#called.get(channel) ?? new Map<string, Called>()
    this.#called.set(channel, ids)
    if (ids.has(id)) this.#calls--
    ids.set(id, { name, version: known })
    if (known === 0) this.changed(channel, id)
  }

  follows(channel: string, id: string): boolean {
    return this.#called.get(channel)?.has(id) === true
  }

  /** What it waits for. */
  get followed(): readonly (readonly [channel: string, id: string, name: string])[] {
    return [...this.#called].flatMap(([channel, ids]) => [...ids].map(([id, { name }]) => [channel, id, name] as const))
  }

  /** It is told of that command no longer, and why. */
  drop(channel: string, id: string, error: MagpieError): void {
    if (!this.follows(channel, id)) return
    this.#unfollow(channel, id)
    this.#connection.tell({ type: "unserved", channel, command: id, code: error.code, message: error.reason })
  }

  /** Keeps room for a channel that it is to serve. Fails with LIMIT_EXCEEDED. */
  reserveServing(channel: string): void {
    const { servedPerConnection } = this.#options.limits
    const isNew = !this.#serving.has(channel) && !this.#taking.has(channel)
    const others = [...this.#taking.keys()].filter((other) => !this.#serving.has(other)).length
    if (isNew && this.#serving.size + others >= servedPerConnection) {
      const details = { limit: "servedPerConnection" }
      throw new MagpieError("LIMIT_EXCEEDED", `a connection serves at most ${servedPerConnection} channels`, { details })
    }
    this.#taking.set(channel, (this.#taking.get(channel) ?? 0) + 1)
  }

  releaseServing(channel: string): void {
    const left = (this.#taking.get(channel) ?? 1) - 1
    if (left === 0) this.#taking.delete(channel)
    else this.#taking.set(channel, left)
  }

  serve(channel: string, fence: number, since: number): void {
    this.#serving.set(channel, { fence, since, cursor: 0, given: new Map() })
    this.#waiting.add(channel)
    this.onRoom()
  }

  /** The fence under which it serves, and since which offset. */
  servingOf(channel: string): { readonly fence: number; readonly since: number } | undefined {
    return this.#serving.get(channel)
  }

  get served(): readonly (readonly [channel: string, fence: number])[] {
    return [...this.#serving].map(([channel, { fence }]) => [channel, fence])
  }

  unserve(channel: string, error?: MagpieError): void {
    this.#waiting.delete(channel)
    if (!this.#serving.delete(channel) || error === undefined) return
    this.#connection.tell({ type: "unserved", channel, code: error.code, message: error.reason })
  }

  /** A command is something else now; where it was called, what serves the channel may be given it. */
  changed(channel: string, id: string): void {
    const serving = this.#serving.get(channel)
    if (serving !== undefined) this.#waiting.add(channel)
    if (this.follows(channel, id) || serving?.given.has(id) === true) {
      const ids = this.#changed.get(channel) ?? new Set()
      this.#changed.set(channel, ids.add(id))
    }
    this.onRoom()
  }

  /** Everything that it was told may no longer be in the log. */
  concerns(concerned: (channel: string) => boolean): boolean {
    return [...this.#called.keys(), ...this.#serving.keys()].some(concerned)
  }

  onRoom(): void {
    for (const [channel, ids] of this.#changed) {
      for (const id of ids) {
        if (!this.#tell(channel, id)) return this.#wait()
        ids.delete(id)
      }
      this.#changed.delete(channel)
    }
    for (const channel of this.#waiting) {
      const serving = this.#serving.get(channel)
      if (serving !== undefined && !this.#give(channel, serving)) return this.#wait()
      this.#waiting.delete(channel)
    }
  }

  end(): void {
    this.#connection.queue.forgetRoom(this)
    for (const [channel, ids] of this.#called) for (const id of ids.keys()) this.#options.onUnfollow(channel, id)
    this.#called.clear()
    this.#serving.clear()
    this.#changed.clear()
    this.#waiting.clear()
  }

  /** False where there is no room for it. */
  #tell(channel: string, id: string): boolean {
    const row = this.#options.log.command(channel, id)
    if (row === undefined) return true
    const called = this.#called.get(channel)?.get(id)
    if (called !== undefined && called.version < row.version) {
      if (!this.#send(channel, id, row, false)) return false
      called.version = row.version
      if (isFinal(row.state)) this.#unfollow(channel, id)
    }
    return this.#tellServing(channel, id, row)
  }

  /** Whoever serves knows what he reported himself. */
  #tellServing(channel: string, id: string, row: CommandRow): boolean {
    const serving = this.#serving.get(channel)
    const given = serving?.given.get(id)
    if (serving === undefined || given === undefined || given >= row.version) return true
    if ((row.isCancelled || isFinal(row.state)) && !this.#send(channel, id, row, false)) return false
    serving.given.set(id, row.version)
    if (isFinal(row.state)) serving.given.delete(id)
    return true
  }

  #give(channel: string, serving: Serving): boolean {
    while (serving.given.size < WINDOW) {
      const wanted = WINDOW - serving.given.size
      const open = this.#options.log.openCommands(channel, serving.cursor, wanted)
      for (const command of open) {
        if (!this.#send(channel, command.id, command, true)) return false
        serving.cursor = command.calledOffset
        serving.given.set(command.id, command.version)
      }
      if (open.length < wanted) return true
    }
    return true
  }

  #send(channel: string, id: string, row: CommandRow, withInput: boolean): boolean {
    const encoded = this.#connection.codec.encode(commandMessage(channel, id, row, this.#options.clock.now(), withInput))
    if (!this.#connection.queue.hasRoom(encodedBytes(encoded))) return false
    this.#connection.sendEncoded(encoded)
    return true
  }

  #unfollow(channel: string, id: string): void {
    const ids = this.#called.get(channel)
    if (ids?.delete(id) !== true) return
    this.#calls--
    if (ids.size === 0) this.#called.delete(channel)
    this.#options.onUnfollow(channel, id)
  }

  #wait(): void {
    this.#connection.queue.awaitRoom(this)
  }
}
