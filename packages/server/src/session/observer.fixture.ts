import type { RawConnection, Reply } from "@magpie/testing"
import { expect } from "vitest"

/** A channel that only one user may enter. */
export const SECRET = "chat/secret"
export const INSIDER = "ann"

/** A request as it was sent on one connection. */
export interface Asked {
  readonly id: number
  readonly type: string
  readonly channel?: string
  readonly text?: string
}

interface Followed {
  /** The offset that must come next; undefined on a broadcast. */
  next: number | undefined
}

/** What one connection may hear, step by step, and what it has heard. */
export interface Observer {
  readonly raw: RawConnection
  readonly asked: Map<number, Asked>
  /** The answer to each request. */
  readonly answers: ReadonlyMap<number, Reply>
  readonly welcome: Reply | undefined
  /** Every message of a stream that was delivered, by `channel offset`. */
  readonly delivered: ReadonlyMap<string, string>
  /** Looks at what has come since the last time. */
  look(): void
}

export function observe(raw: RawConnection): Observer {
  const asked = new Map<number, Asked>()
  const answers = new Map<number, Reply>()
  const followed = new Map<string, Followed>()
  const delivered = new Map<string, string>()
  let welcome: Reply | undefined
  let looked = 0
  let heardAtClose: number | undefined

  function hear(reply: Reply): void {
    if (typeof reply.id === "number") answer(reply, reply.id)
    if (welcome === undefined) expect(["welcome", "error"], "hears nothing else before the welcome").toContain(reply.type)
    const channel = String(reply.channel)
    switch (reply.type) {
      case "welcome":
        expect(welcome, "is welcomed once").toBeUndefined()
        welcome = reply
        return
      case "subscribed":
        followed.set(channel, { next: positionOf(reply) === undefined ? undefined : offsetOf(reply) + 1 })
        return
      case "unsubscribed":
        followed.delete(channel)
        return
      case "message":
        return deliver(reply, channel)
      case "position":
        expect(followed.has(channel), "hears positions of what it follows").toBe(true)
        return
      case "gap":
        throw new Error(`nothing is missing, and still a gap: ${JSON.stringify(reply)}`)
    }
  }

  function answer(reply: Reply, id: number): void {
    const request = asked.get(id)
    if (request === undefined) throw new Error(`nobody asked for this: ${JSON.stringify(reply)}`)
    expect(answers.get(id), `request ${id} is answered once`).toBeUndefined()
    answers.set(id, reply)
    const isOutside = request.channel === SECRET && welcome?.user !== INSIDER && request.type !== "unsubscribe" && request.type !== "ping"
    if (isOutside) expect(reply.type, `${request.type} without permission`).toBe("error")
    expect([...ANSWERS[request.type as keyof typeof ANSWERS], "error"], `an answer to ${request.type}`).toContain(reply.type)
  }

  function deliver(message: Reply, channel: string): void {
    const subscription = followed.get(channel)
    if (subscription === undefined) throw new Error(`delivered before it was subscribed: ${JSON.stringify(message)}`)
    if (subscription.next === undefined) return
    expect(message.offset, `the next of ${channel}`).toBe(subscription.next++)
    const key = `${channel} ${message.offset}`
    const known = delivered.get(key)
    const text = JSON.stringify([message.name, message.data, message.ref])
    if (known !== undefined) expect(text, key).toBe(known)
    delivered.set(key, text)
  }

  return {
    raw,
    asked,
    answers,
    delivered,
    get welcome() {
      return welcome
    },
    look() {
      if (heardAtClose !== undefined) expect(raw.replies.length, "hears nothing after the close").toBe(heardAtClose)
      for (; looked < raw.replies.length; looked++) hear(raw.replies[looked] as Reply)
      if (raw.closedWith !== undefined) heardAtClose ??= raw.replies.length
    },
  }
}

const ANSWERS = {
  subscribe: ["subscribed"],
  unsubscribe: ["unsubscribed"],
  publish: ["published"],
  history: ["history"],
  token: ["token"],
  ping: ["pong"],
} as const

function positionOf(reply: Reply): { readonly offset: number } | undefined {
  return reply.position as { readonly offset: number } | undefined
}

export function offsetOf(reply: Reply): number {
  return positionOf(reply)?.offset ?? Number.NaN
}
