import { CLOSE_CODES } from "@magpie/protocol"
import { expect, test } from "vitest"
import { HOSTILE_USER } from "../simulated-app.ts"
import { watchDeparture } from "./departure-truth.ts"

function sentAway(user: string, answers: readonly string[], code: number = CLOSE_CODES.SERVICE_RESTART) {
  const reached: string[] = []
  const link = watchDeparture("node-0", (what) => void reached.push(what))
  link.wrote(() => `{"type":"welcome","user":"${user}"}`)
  link.heard('{"type":"publish","channel":"chat/a","data":{"id":"c0.1#1"},"id":4}\n{"type":"publish","channel":"chat/a","data":{},"id":5}')
  for (const answer of answers) link.wrote(() => answer)
  return { close: () => link.closing(code), reached }
}

const PUBLISHED = '{"type":"published","id":4,"level":"disk"}'
const REFUSED = '{"type":"error","code":"FORBIDDEN","id":5}'

test("takes a client that is sent away when everything it published is answered", () => {
  const { close, reached } = sentAway("c0", [PUBLISHED, `{"type":"pong"}\n${REFUSED}`])
  close()
  expect(reached).toEqual(["sent-away-answered"])
})

test.each([[[]], [[PUBLISHED]], [[REFUSED]]])("sees one that is sent away before, with %j", (answers) => {
  expect(() => sentAway("c0", answers).close()).toThrow(/^I24/)
})

test("says nothing of other ends, and nothing of the hostile one", () => {
  expect(() => sentAway("c0", [], CLOSE_CODES.TOO_MANY_ERRORS).close()).not.toThrow()
  expect(() => sentAway(HOSTILE_USER, []).close()).not.toThrow()
})
