import type { DownMessage } from "@magpie/protocol"
import { expect, test } from "vitest"
import { said, watch } from "../client-under-test.fixture.ts"
import { at, listener, subscribedTo } from "./listener.fixture.ts"

const gap = (from: number, to: number): DownMessage => ({
  type: "gap",
  channel: "chat/lobby",
  reason: "trimmed",
  from,
  to,
  position: at(to),
})

test("[G4] a message that got lost in front of a gap is asked for, not counted in silence", async () => {
  const made = await listener()
  const { peer, clock, heard, gaps } = made
  peer.link.send(said(1))
  await clock.settle()
  const asked = peer.link.of("subscribe").length
  peer.link.send(gap(3, 9))
  await clock.settle()
  expect(gaps).toEqual([])
  expect(peer.link.of("subscribe").slice(asked)).toMatchObject([{ position: at(1) }])
  expect(heard).toEqual([1])
})

test("[G4] a gap names only what was not given: none where all was, and the rest where a part was", async () => {
  const made = await listener()
  const { peer, clock, gaps, heard } = made
  peer.link.send(said(1), said(2), said(3))
  await clock.settle()
  peer.link.send(gap(1, 3))
  await clock.settle()
  expect(gaps).toEqual([])
  peer.link.send(gap(2, 6), said(7))
  await clock.settle()
  expect(gaps).toMatchObject([{ from: 4, to: 6 }])
  expect(heard).toEqual([1, 2, 3, 7])
})

test("[G4] after a start further back a hole is filled from what was given, whose log may be trimmed by now", async () => {
  const made = await listener()
  const { peer, clock, lobby, heard } = made
  peer.link.send(said(1), said(2), said(3))
  await clock.settle()
  peer.onMessage = undefined
  watch(lobby.subscribe({ last: 3 }))
  await clock.settle()
  peer.link.send(subscribedTo(peer.link.last("subscribe").id, { position: at(0) }), said(1))
  await clock.settle()
  peer.link.send(said(5))
  await clock.settle()
  expect(peer.link.last("subscribe").position).toEqual(at(3))
  expect(heard).toEqual([1, 2, 3])
})

test("[F66] a pong that was on its way when the channel was left does not bring it back", async () => {
  const made = await listener()
  const { peer, clock, lobby } = made
  peer.link.send(said(1))
  await clock.settle()
  void lobby.unsubscribe()
  await clock.settle()
  peer.link.send({ type: "pong", id: 999, ahead: new Map([["chat/lobby", at(5)]]) })
  const asked = peer.link.of("subscribe").length
  await clock.advance(5_000)
  expect(lobby.subscription.state.state).toBe("idle")
  expect(peer.link.of("subscribe")).toHaveLength(asked)
})
