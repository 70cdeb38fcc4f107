import { expect, test } from "vitest"
import { said } from "../client-under-test.fixture.ts"
import { at, listener, resumeWith } from "./listener.fixture.ts"

test("[G4] a log that fell back within its epoch: what comes anew at known offsets is given, behind the gap", async () => {
  const made = await listener()
  const { peer, clock, heard, gaps } = made
  peer.link.send(said(1), said(2), said(3))
  await clock.settle()
  await resumeWith(made, { answer: "unrecoverable", reason: "epoch", position: at(1) }, said(2), said(3), said(4))
  await clock.settle()
  expect(gaps).toMatchObject([{ reason: "epoch" }])
  expect(heard).toEqual([1, 2, 3, 2, 3, 4])
})
