import type { Transport } from "@magpie/client"
import { seededRandom } from "@magpie/testing"
import { afterEach, describe, expect, it } from "vitest"
import { OVER_HTTP } from "../transport-suite/ways.ts"
import { type ChatBed, closeBed, listen, numbered, outcomeOf, say, startChat } from "./chat-bed.ts"

const MESSAGES = 40
const SEEDS = 8

const beds: ChatBed[] = []
afterEach(async () => {
  for (const bed of beds.splice(0)) await closeBed(bed)
})

/** The same, keeping what its user sends. */
function overheard(transport: Transport, sent: string[]): Transport {
  return {
    ...transport,
    open(url, protocols, events) {
      const link = transport.open(url, protocols, events)
      return {
        get bufferedBytes() {
          return link.bufferedBytes
        },
        send(frame) {
          sent.push(String(frame))
          link.send(frame)
        },
        close: (code, reason) => link.close(code, reason),
      }
    },
  }
}

describe("what comes back over HTTP in pieces, down to single bytes", () => {
  for (const { name, make } of OVER_HTTP) {
    it(`[F91] [G4] is put together by ${name}: nothing is missing, asked for again or told twice`, async () => {
      for (let seed = 1; seed <= SEEDS; seed++) {
        const bed = await startChat()
        beds.push(bed)
        const random = seededRandom(`cut-${seed}`)
        bed.network.cutting = () => random.float()
        const sent: string[] = []
        const ann = bed.connect()
        const bob = bed.connect({ transport: (webSockets, world) => overheard(make(webSockets, world), sent) })
        const heard = listen(bob)
        await bed.clock.until(heard.isLive)
        const { status } = bob
        const texts = Array.from({ length: MESSAGES }, (_, index) => `鵲橋 ${index} 🐦`)
        for (const [index, text] of texts.entries()) {
          const receipt = say(index % 4 === 0 ? bob : ann, text)
          expect(await outcomeOf(bed, receipt)).toMatchObject({ duplicate: false })
        }
        await bed.clock.until(() => heard.texts.length === MESSAGES)
        expect(heard.heard).toEqual(numbered(texts))
        expect(heard.gaps).toEqual([])
        expect(bob.status).toEqual(status)
        expect(sent.filter((frame) => frame.includes('"history"'))).toEqual([])
      }
    })
  }
})
