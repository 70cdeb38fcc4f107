import { fakeMachine } from "@magpie/testing"
import { expect, it } from "vitest"
import type { HttpEvents } from "./http-client.ts"
import { openVisits } from "./visits.ts"

const WELCOME = '{"type":"welcome","producer":"p1","session":"s1"}'
const HEAD = '{"n":0}'

it.each(["\n".repeat(3), '{"type":"pong","id":1}\nno JSON'])(
  "[G11] an answer with %j is as good as none: what was asked is asked again",
  async (rest) => {
    const { clock, random } = fakeMachine({ seed: 1 })
    const visits: { readonly body: string; readonly events: HttpEvents }[] = []
    const answer = async (body: string): Promise<void> => {
      const { events } = visits.at(-1) ?? expect.fail("nobody asks")
      events.onHead(200)
      events.onText(body)
      events.onEnd(true)
      await clock.advance(300)
    }
    const heard: unknown[] = []
    const http = {
      request({ body = "" }: { readonly body?: string }, events: HttpEvents) {
        visits.push({ body, events })
        return () => {}
      },
    }
    const events = { onOpen() {}, onMessage: (frame: unknown) => heard.push(frame), onClose: () => heard.push("closed") }
    const link = openVisits("ws://test/magpie", { http, clock, random }, events)
    await clock.settle()
    link.send('{"type":"hello","version":1}')
    await clock.settle()
    await answer(`${HEAD}\n${WELCOME}`)
    link.send('{"type":"ping","id":1}')
    await clock.advance(300)
    await answer(`${HEAD}\n${WELCOME}\n${rest}`)
    expect(heard).toEqual([WELCOME])
    expect(visits.at(-1)?.body).toContain('{"type":"ping","id":1}')
    await answer(`${HEAD}\n${WELCOME}\n{"type":"pong","id":1}`)
    expect(heard).toEqual([WELCOME, '{"type":"pong","id":1}'])
    link.close(4002, "")
    await clock.settle()
    expect(clock.pendingTimers).toBe(0)
  },
)
