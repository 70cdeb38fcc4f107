import { MagpieError } from "@magpie/protocol"
import type { Extension } from "../extension.ts"

export interface OwnPresenceOptions extends Pick<Extension, "name" | "ask" | "schedule" | "linkNumber"> {
  /** This session's name among the members; undefined where it is none. */
  onMember(member: string | undefined): void
  /** The server ended it, or will not have it. `isAwaited`: somebody waits for a promise that says why. */
  onEnded(error: MagpieError, isAwaited: boolean): void
}

interface Waiter {
  resolve(): void
  reject(error: MagpieError): void
}

type Wish = { readonly wish: "away" } | { readonly wish: "present"; readonly state: unknown }

const AWAY: Wish = { wish: "away" }

/** Keeps the server at what the user wishes for this session: present with a state, or away. */
export class OwnPresence {
  readonly #options: OwnPresenceOptions
  readonly #wait
  #wish: Wish = AWAY
  /** What the server was last asked for on this link, and whether it answered; undefined before the first. */
  #asked: { readonly wish: Wish; readonly isAnswered: boolean } | undefined
  /** The server may still know this session from an earlier link. */
  #mayBeKnown = false
  #asking = 0
  #isOnline = false
  readonly #waiters: Waiter[] = []

  constructor(options: OwnPresenceOptions) {
    this.#options = options
    this.#wait = options.schedule.createWait()
  }

  /** Resolves when the server knows the state, or a newer one. */
  enter(state: unknown): Promise<void> {
    return this.#want({ wish: "present", state })
  }

  /** Resolves when the server knows, or at once where there is no link: then the next one says it, if the lease lasts so long. */
  leave(): Promise<void> {
    const left = this.#want(AWAY)
    if (this.#isOnline) return left
    left.catch(() => {}) // nobody waits for it
    return Promise.resolve()
  }

  #want(wish: Wish): Promise<void> {
    this.#wish = wish
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#ask()
    })
  }

  online(): void {
    this.#isOnline = true
    this.#asked = undefined
    this.#wait.failures = 0
    this.#ask()
  }

  offline(): void {
    this.#isOnline = false
    this.#asking++
    this.#wait.cancel()
  }

  /** One question at a time; what changes meanwhile is asked after its answer, and only the newest. */
  #ask(): void {
    if (!this.#isOnline || this.#asked?.isAnswered === false) return
    const wish = this.#wish
    if (this.#asked?.wish === wish) return this.#settle()
    if (wish.wish === "away" && !this.#mayBeKnown) return this.#settle()
    const { name: channel, ask, linkNumber } = this.#options
    const mine = ++this.#asking
    this.#asked = { wish, isAnswered: false }
    if (wish.wish === "present") {
      this.#mayBeKnown = true
      ask({ type: "enter", channel, state: wish.state, link: linkNumber() }, "entered", (reply) => {
        if (mine !== this.#asking) return
        if (reply instanceof MagpieError) return this.#refused(wish, reply)
        this.#options.onMember(reply.member)
        this.#answered(wish)
      })
    } else {
      ask({ type: "leave", channel }, "left", (reply) => {
        if (mine !== this.#asking) return
        if (reply instanceof MagpieError) return this.#refused(wish, reply)
        this.#mayBeKnown = false
        this.#options.onMember(undefined)
        this.#answered(wish)
      })
    }
  }

  #answered(wish: Wish): void {
    this.#wait.failures = 0
    this.#asked = { wish, isAnswered: true }
    this.#ask()
  }

  #settle(): void {
    for (const { resolve } of this.#waiters.splice(0)) resolve()
  }

  #refused(wish: Wish, error: MagpieError): void {
    this.#asked = undefined
    if (error.retryable) {
      this.#wait.again(() => this.#ask(), error.retryAfterMs)
      return
    }
    // Somebody wished for something else meanwhile.
    if (wish !== this.#wish) return this.#ask()
    this.ended(error)
  }

  /** The server ended it, or will not have it. */
  ended(error: MagpieError): void {
    this.#wish = AWAY
    this.#mayBeKnown = false
    this.#asked = undefined
    this.#options.onMember(undefined)
    this.#options.onEnded(error, this.#waiters.length > 0)
    this.#fail(error)
  }

  close(error: MagpieError): void {
    this.offline()
    this.#fail(error)
  }

  #fail(error: MagpieError): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error)
  }
}
