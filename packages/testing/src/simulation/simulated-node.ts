import type { Bus, DurableLog, Storage } from "@magpie/journal"
import { type Clock, DEFAULT_PATH, type Env, type Publication } from "@magpie/protocol"
import {
  type CheckedOptions,
  type Core,
  createCore,
  createHttpTransports,
  type HttpTransports,
  type LoadMeter,
  payloadOf,
  type Socket,
  type User,
} from "@magpie/server/core"
import { fakeCrypto } from "../fake-crypto.ts"
import { type FakeProcess, fakeProcess } from "../fake-process.ts"
import type { MemoryNetwork, NetworkServer } from "../memory-network.ts"
import type { WatchedLink } from "./judge/watched-link.ts"
import { type Payload, type Rights, type SimulatedApp, simulatedApp, simulatedRules } from "./simulated-app.ts"
import type { SimulatedDisk } from "./simulated-disk.ts"
import { doorIn } from "./simulated-http.ts"
import { watchedBus } from "./watched-bus.ts"

/** What a node tells those who watch it. */
export interface NodeListener {
  onApplied(epoch: string, publications: readonly Publication[]): void
  onOpened(log: DurableLog): void
  /** It has taken a link. What is returned hears what comes and goes on it. */
  onAccepted(): WatchedLink
  /** It has sent to somebody, whose queue is that long now. */
  onQueued(bytes: number): void
  /** It has taken a message of the broadcast, from a client or from another node, and passes it on to whoever follows. */
  onPassedOn(id: string): void
  onFenced(): void
  /** Its log could not be opened, and it is down. */
  onBootFailed(failure: unknown): void
}

export interface NodeOptions {
  readonly name: string
  readonly env: Env
  readonly disk: SimulatedDisk
  readonly network: MemoryNetwork
  readonly rights: Rights
  readonly settings: CheckedOptions
  /** What the server is told that it carries; undefined where nobody measures. */
  readonly load: LoadMeter | undefined
  readonly listener: NodeListener
  /** Opens the log in a new process of this node. */
  openLog(its: FakeProcess, storage: Storage): Promise<DurableLog>
  /** What carries presence to other nodes, for a new process of this node; undefined where there are none. */
  openBus(its: FakeProcess): Bus | undefined
  /** Its process is gone. */
  onGone(): void
}

interface Running {
  readonly its: FakeProcess
  readonly log: DurableLog
  readonly core: Core<SimulatedApp, User>
  readonly http: HttpTransports
  readonly unlisten: () => void
}

/** One server of the simulation, over the lives of its processes. */
export interface SimulatedNode {
  readonly name: string
  /** How many processes it has had. */
  readonly life: number
  /** When the newest of them began. */
  readonly upSinceMs: number
  readonly disk: SimulatedDisk
  /** The server and its log while they run. */
  readonly core: Core<SimulatedApp, User> | undefined
  readonly log: DurableLog | undefined
  readonly isDown: boolean
  readonly fenced: boolean
  /** It was asked to stop, and is not through with it. */
  readonly leaving: boolean
  /** Its own, which may walk away from the others'. */
  readonly wallClock: Pick<Clock, "now">
  /** How far ahead of the true time that ever was, in milliseconds. */
  readonly leadMs: number
  /** Starts a process on the disk as it is; does nothing where one runs. */
  start(): void
  kill(): void
  /** Runs in its process, where there is one: now, or when it goes on. */
  run(task: () => void): void
  pause(): void
  resume(): void
  jumpWallClock(ms: number): void
  /** Stops as SIGTERM asks. Resolves when everything is finished. */
  drain(spreadMs: number): Promise<void>
  /** The same, and nobody starts it again. */
  retire(): Promise<void>
}

export function createSimulatedNode(options: NodeOptions): SimulatedNode {
  const { name, env, disk, network, rights, settings, load, listener } = options
  let its: FakeProcess | undefined
  let running: Running | undefined
  let fenced = false
  let retired = false
  let leadMs = 0
  let life = 0
  let upSinceMs = 0
  let leaving: Running | undefined

  async function boot(process: FakeProcess): Promise<void> {
    const log = await options.openLog(process, disk.open(process.env.clock))
    if (its !== process) return
    listener.onOpened(log)
    log.onApplied((publications) => listener.onApplied(log.newest(publications[0]?.channel ?? "").epoch, publications))
    log.onFenced(() => {
      if (its !== process) return
      fenced = true
      listener.onFenced()
    })
    const bus = options.openBus(process)
    const core = createCore<SimulatedApp, User>(simulatedApp, settings, log, {
      ...process.env,
      crypto: fakeCrypto,
      ...(bus && { bus: watchedBus(bus, listener.onPassedOn) }),
      ...(load && { load }),
    })
    const rules = simulatedRules(rights)
    core.channel("chat/:room", rules)
    core.channel("short/:room", rules)
    core.channel("beat/:room", { authorize: rules.authorize, accept: { say: ({ data }) => listener.onPassedOn((data as Payload).id) } })
    core.channel("hall/:room", rules)
    core.channel("note/:room", { authorize: rules.authorize })
    core.channel("board/:room", { authorize: rules.authorize })
    core.channel("device/:id", { authorize: rules.authorize })
    const door = inProcess(core, process, listener)
    const { limits, origins } = settings
    const http = createHttpTransports({ ...process.env, core: door, path: DEFAULT_PATH, origins, limits })
    running = { its: process, log, core, http, unlisten: network.listen(name, { ...door, http: doorIn(process, http) }) }
  }

  function end(): void {
    its?.kill()
    its = undefined
    running?.unlisten()
    running = undefined
    fenced = false
    options.onGone()
    disk.crash()
  }

  async function drain(spreadMs: number): Promise<void> {
    const its = running
    if (its === undefined) return
    leaving = its
    await its.core.close({ spreadMs })
    its.http.close()
    if (running === its) end()
  }

  return {
    name,
    disk,
    get core() {
      return running?.core
    },
    get log() {
      return running?.log
    },
    get isDown() {
      return its === undefined
    },
    get fenced() {
      return fenced
    },
    get wallClock() {
      return its?.env.clock ?? env.clock
    },
    get leaving() {
      return leaving !== undefined && leaving === running
    },
    get life() {
      return life
    },
    get upSinceMs() {
      return upSinceMs
    },
    get leadMs() {
      return leadMs
    },
    start() {
      if (its !== undefined || retired) return
      const process = fakeProcess({ ...env, random: env.random })
      its = process
      life++
      upSinceMs = env.clock.monotonic()
      boot(process).catch((failure: unknown) => {
        if (its !== process) return
        end()
        listener.onBootFailed(failure)
      })
    },
    kill: end,
    run: (task) => its?.run(task),
    pause: () => its?.pause(),
    resume: () => its?.resume(),
    jumpWallClock(ms) {
      its?.jumpWallClock(ms)
      leadMs = Math.max(leadMs, this.wallClock.now() - env.clock.now())
    },
    drain,
    retire() {
      retired = true
      return drain(0)
    },
  }
}

/** The server's door, opened from inside its process: what comes while that stands still waits. */
function inProcess(core: Core<SimulatedApp, User>, its: FakeProcess, { onAccepted, onQueued }: NodeListener): NetworkServer {
  return {
    knock: (knock) => core.knock(knock),
    accept(socket, request, handshake) {
      let events: ReturnType<NetworkServer["accept"]> | undefined
      let watched: WatchedLink | undefined
      its.run(() => {
        watched = onAccepted()
        events = core.accept(overheard(socket, watched, onQueued), request, handshake)
      })
      return {
        onMessage: (frame) =>
          its.run(() => {
            if (typeof frame === "string") watched?.heard(frame)
            events?.onMessage(frame)
          }),
        onAlive: () => its.run(() => events?.onAlive()),
        onDrain: () => its.run(() => events?.onDrain()),
        onClose: (code, reason) => its.run(() => events?.onClose(code, reason)),
      }
    },
  }
}

const utf8 = new TextDecoder()

/** The socket, with somebody who hears what is written to it. */
function overheard(socket: Socket, { wrote, closing }: WatchedLink, onQueued: NodeListener["onQueued"]): Socket {
  return {
    get queuedBytes() {
      return socket.queuedBytes
    },
    send(batches) {
      for (const batch of batches) wrote(() => utf8.decode(payloadOf(batch)))
      socket.send(batches)
      onQueued(socket.queuedBytes)
    },
    askForDrain: () => socket.askForDrain?.(),
    ping: () => socket.ping(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close(code, reason) {
      closing(code)
      socket.close(code, reason)
    },
    terminate: () => socket.terminate(),
  }
}
