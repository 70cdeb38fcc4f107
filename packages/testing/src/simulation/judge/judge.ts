import type { GapNotice } from "@magpie/client"
import type { DurableLog } from "@magpie/journal"
import type { AckLevel, MagpieError, Position, Publication } from "@magpie/protocol"
import { type Rights, STREAMS } from "../simulated-app.ts"
import { createBeatTruth } from "./beat-truth.ts"
import { type CommandTruth, createCommandTruth } from "./command-truth.ts"
import { watchDeparture } from "./departure-truth.ts"
import { createDurability } from "./durability.ts"
import { EXPLAINED } from "./explained.ts"
import { createFollowing, type Following } from "./following.ts"
import { checkGap } from "./gap-truth.ts"
import { createKeptSends, type KeptSends } from "./kept-sends.ts"
import { createLogTruth, type LogTruth, type Place } from "./log-truth.ts"
import { createNoteTruth, type NoteTruth } from "./note-truth.ts"
import { createOverloadTruth, type OverloadTruth, type OverloadTruthOptions } from "./overload-truth.ts"
import { createPresenceTruth, type PresenceTruth, type PresenceTruthOptions } from "./presence-truth.ts"
import { createPublishes, type Publishes, type PublishRecord } from "./publishes.ts"
import { createRevocationTruth, type RevocationTruth, type RevocationTruthOptions } from "./revocation-truth.ts"
import { createScoreTruth, type ScoreTruth } from "./score-truth.ts"
import { createSessions } from "./sessions.ts"
import { Violation } from "./violation.ts"
import { type WatchedLink, watchedBy } from "./watched-link.ts"

/** Watches everything that clients and nodes are told, and fails at the first promise that is broken. */
export interface Judge {
  readonly publishes: Publishes
  readonly truth: LogTruth
  readonly presence: PresenceTruth
  readonly notes: NoteTruth
  readonly scores: ScoreTruth
  readonly commands: CommandTruth
  readonly revocations: RevocationTruth
  readonly keptSends: KeptSends
  /** Undefined where nobody measures what servers carry. */
  readonly overload: OverloadTruth | undefined
  /** The first violation; nothing is judged after it. */
  readonly violation: Error | undefined
  /** States worth reaching, by name, with how often they were. */
  readonly sometimes: ReadonlyMap<string, number>
  reached(what: string): void
  broken(failure: unknown): void
  opened(publisher: string, user: string): void
  gone(publisher: string): void
  status(publisher: string, to: string, cause: MagpieError | undefined): void
  clientError(publisher: string, error: MagpieError): void
  following(publisher: string, channel: string): Following
  /** Whether the log holds messages that this subscriber follows and was not given. */
  isOwed(publisher: string, channel: string): boolean
  delivered(user: string, channel: string, place: Place, id: string, from: string | undefined): void
  /** A subscriber was told that messages are gone. Fails where every log still has them. */
  gap(publisher: string, notice: GapNotice): void
  historyRead(who: string, channel: string, epoch: string, messages: readonly HistoryMessage[]): void
  beatSent(id: string, user: string): void
  beat(publisher: string, id: string, from: string | undefined): void
  applied(node: string, epoch: string, publications: readonly Publication[]): void
  /** The caller was told that its message is stored. */
  acknowledged(record: PublishRecord, position: Position, level: AckLevel): void
  /** A node has taken a link. What is returned hears what comes and goes on it. */
  accepted(node: string): WatchedLink
  /** An old copy of the log was put back: what it lacks is lost, if everybody is told so by a new epoch. */
  restored(): void
  /** Whether either has happened. */
  readonly wasSetBack: boolean
  /** The same for a broker that came back without its newest entries, which nodes notice one by one. `epochs`: those that it held. */
  rolledBack(epochs: readonly (readonly [channel: string, epoch: string])[]): void
  /** A node has opened its log: what was acknowledged must be there, unless the node may lag behind others. */
  logOpened(node: string, log: DurableLog, mayLag?: boolean): void
}

export interface HistoryMessage {
  readonly offset?: number | undefined
  readonly data: unknown
  readonly from: string | undefined
}

export interface JudgeOptions
  extends Partial<Pick<PresenceTruthOptions, "leaseMs" | "ghostMs"> & Pick<RevocationTruthOptions, "furthestClock">> {
  readonly rights: Rights
  /** What the log acknowledges. Default `disk`. */
  readonly level?: AckLevel
  readonly load?: Pick<OverloadTruthOptions, "lagMs" | "order"> | undefined
  /** Channels of one number share an order. */
  partitionOf(channel: string): number
  monotonic(): number
  /** The logs of the nodes that know theirs now. */
  logs(): readonly DurableLog[]
  /** Whether those are the logs of all nodes. */
  whole(): boolean
}

export function createJudge(options: JudgeOptions): Judge {
  const { rights, partitionOf, monotonic, logs, whole, load, level = "disk" } = options
  const { leaseMs = 10_000, ghostMs = 60_000, furthestClock = () => 0 } = options
  const truth = createLogTruth()
  const publishes = createPublishes({ truth, monotonic, epochOf, lost: () => restored, level })
  const durability = createDurability(partitionOf)
  const sessions = createSessions()
  const sometimes = new Map<string, number>()
  const followings = new Map<string, Following>()
  const beats = createBeatTruth()
  const newest = new Map<string, Place>()
  const watching = { reached, broken, lost: () => restored }
  const notes = createNoteTruth(watching)
  const scores = createScoreTruth(watching)
  const commands = createCommandTruth(watching)
  const revocations = createRevocationTruth({ monotonic, furthestClock, reached })
  const presence = createPresenceTruth({ monotonic, leaseMs, ghostMs, isPutOut: revocations.explains, broken, reached })
  const overload = load && createOverloadTruth({ ...load, reached })
  const keptSends = createKeptSends({ publishes, truth, acknowledged, reached })
  let violation: Error | undefined
  let restored = false

  function epochOf(channel: string): string | undefined {
    const [epoch, ...others] = new Set(logs().map((log) => log.newest(channel).epoch))
    return others.length === 0 && whole() ? epoch : undefined
  }

  function reached(what: string): void {
    sometimes.set(what, (sometimes.get(what) ?? 0) + 1)
  }

  function broken(failure: unknown): void {
    if (violation !== undefined) return
    violation = failure instanceof Error ? failure : new Error(String(failure))
  }

  function acknowledged(record: PublishRecord, position: Position, level: AckLevel): void {
    durability.acknowledged(record.channel, position)
    publishes.stored(record, position, level)
  }

  /** What a client's listener throws ends in its error event, so the judge keeps it itself. */
  function judging<A extends readonly unknown[]>(check: (...given: A) => void): (...given: A) => void {
    return (...given) => {
      if (violation !== undefined) return
      try {
        check(...given)
      } catch (failure) {
        broken(failure)
      }
    }
  }

  function follower(publisher: string, channel: string): Following {
    const key = `${publisher} ${channel}`
    const known = followings.get(key) ?? judgedFollowing(createFollowing(publisher, channel, truth))
    followings.set(key, known)
    return known
  }

  function judgedFollowing(following: Following): Following {
    return {
      begin: following.begin,
      end: following.end,
      live: judging(following.live),
      message: judging(following.message),
      gap: judging(following.gap),
      get next() {
        return following.next
      },
      get reached() {
        return following.reached
      },
      get messages() {
        return following.messages
      },
      get gaps() {
        return following.gaps
      },
    }
  }

  return {
    publishes,
    truth,
    presence,
    notes,
    commands,
    scores: { ...scores, opened: judging(scores.opened), applied: judging(scores.applied) },
    revocations,
    overload: overload && { ...overload, sheds: judging(overload.sheds) },
    keptSends: { left: judging(keptSends.left), told: judging(keptSends.told) },
    get violation() {
      return violation
    },
    sometimes,
    reached,
    broken,
    opened: () => reached("client-opened"),
    gone(publisher) {
      presence.ended(publisher)
      publishes.abandoned(publisher)
      for (const key of followings.keys()) if (key.startsWith(`${publisher} `)) followings.delete(key)
    },
    status(publisher, to, cause) {
      reached(`status-${to}`)
      if (cause) reached(`link-lost-${cause.code}`)
      if (to !== "closed" || cause === undefined) return
      if (revocations.explains(publisher)) reached("sent-away")
      else broken(new Violation("I22", `${publisher} was sent away for good: ${cause.code} ${cause.reason}`))
    },
    clientError(publisher, error) {
      reached(`error-${error.code}`)
      if (!EXPLAINED.includes(error.code))
        broken(new Violation("I21", `${publisher} met ${error.code}: ${error.reason} ${String(error.cause ?? "")}`))
    },
    following: follower,
    isOwed(publisher, channel) {
      const next = followings.get(`${publisher} ${channel}`)?.next
      const last = newest.get(channel)
      return next !== undefined && last !== undefined && (last.epoch !== next.epoch || last.offset >= next.offset)
    },
    delivered: judging((user, channel, place, id, from) => {
      publishes.saw(channel, place, id, from)
      const deniedSince = rights.deniedSince(user, channel)
      const appliedAt = truth.appliedAt(channel, place.epoch, place.offset)
      if (deniedSince !== undefined && appliedAt !== undefined && appliedAt > deniedSince) {
        throw new Violation("I10", `${user} was given ${id} on ${channel}, stored ${appliedAt - deniedSince} ms after the right was taken`)
      }
    }),
    gap: judging((publisher, notice) => {
      reached(`gap-${notice.reason}`)
      const last = followings.get(`${publisher} ${notice.channel}`)?.reached
      if (notice.reason === "epoch" && !restored)
        throw new Violation("I6", `${publisher} was told that ${notice.channel} is another log, and no log had lost anything`)
      if (last !== undefined && whole()) checkGap(publisher, notice, last, logs())
    }),
    historyRead: judging((who, channel, epoch, messages) => {
      let last: number | undefined
      for (const { offset = 0, data, from } of messages) {
        const { id } = data as { id: string }
        if (last !== undefined && offset !== last + 1) throw new Violation("I5", `${who} read ${offset} right after ${last} in ${channel}`)
        last = offset
        publishes.saw(channel, { epoch, offset }, id, from)
        truth.saw(`history read by ${who}`, channel, { epoch, offset }, id)
      }
      reached("history-read")
    }),
    beatSent: (id, user) => beats.sent(id, user, monotonic()),
    beat: judging((publisher, id, from) => {
      const { life, at } = beats.heard(publisher, id, from)
      revocations.taken(life, at, id)
    }),
    applied: judging((node, epoch, publications) => {
      durability.applied(node, publications)
      for (const { channel, offset = 0, mark, data, from } of publications) {
        const { id } = JSON.parse(data) as { id: string }
        publishes.saw(channel, { epoch, offset }, id, from)
        const said = publishes.find(id)
        // What is kept, a later page may have brought.
        if (said !== undefined && !said.isKept) revocations.taken(said.publisher, said.calledAt, id)
        truth.applied(channel, { epoch, offset, mark }, id, monotonic())
        if (!isOlder({ epoch, offset }, newest.get(channel))) newest.set(channel, { epoch, offset })
      }
    }),
    acknowledged,
    accepted(node) {
      const writing = [sessions.accepted(node), ...(overload ? [overload.accepted(node)] : [])].map((wrote) => ({ wrote }))
      return watchedBy([revocations.accepted(node), watchDeparture(node, reached), ...writing], judging)
    },
    get wasSetBack() {
      return restored
    },
    restored() {
      restored = true
      revocations.forgotten()
      reached("restored")
    },
    rolledBack(epochs) {
      restored = true
      truth.branched([...epochs, ...STREAMS.flatMap((channel) => logs().map((log) => [channel, log.newest(channel).epoch] as const))])
      durability.stop()
      reached("rolled-back")
    },
    logOpened: judging((node, log, mayLag = false) => {
      durability.reopened(node, log)
      for (const channel of STREAMS) if (!mayLag) newest.set(channel, log.newest(channel))
      if (mayLag) return
      for (const { id, channel, outcome } of publishes) {
        if (outcome.result !== "stored") continue
        const at = log.newest(channel)
        if (at.epoch !== outcome.position.epoch) {
          if (!restored) throw new Violation("I1", `${node} came back in another epoch, and nobody had put an old copy back`)
        } else if (at.offset < outcome.position.offset) {
          throw new Violation(
            "I1",
            `${node} came back at ${channel} ${at.offset}, and ${id} had been acknowledged at ${outcome.position.offset}`,
          )
        }
      }
    }),
  }
}

/** A node that lags tells of places that others have passed. */
function isOlder(place: Place, known: Place | undefined): boolean {
  return known !== undefined && known.epoch === place.epoch && known.offset > place.offset
}
