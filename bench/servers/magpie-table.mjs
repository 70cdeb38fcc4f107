// A table of quotes, written by the server itself, on Magpie.
import { contract, createServer, jwt, lmdb, memoryStorage, table } from "@magpie/server"
import { z } from "zod"
import { answer } from "../harness/answer.mjs"
import { SECRET } from "../harness/token.mjs"
import { createMarket, feed, KEYS, keyOf } from "../table/market.mjs"

const number = z.number()
const quote = z.object({
  ...{ name: z.string(), currency: z.string(), bid: number, ask: number, last: number, size: number, volume: number },
  ...{ open: number, high: number, low: number },
})
const app = contract({ quotes: table({ key: z.string().max(12), value: quote }) })

const [directory] = process.argv.slice(2)
const server = createServer(app, {
  auth: jwt({ secret: SECRET }),
  storage: directory === undefined ? memoryStorage() : lmdb({ directory }),
  log: () => {},
  limits: { connectionsPerAddress: 20_000, handshakesPerSecond: 10_000, handshakesPerAddressPerSecond: 10_000 },
})
server.channel("quotes", { authorize: ({ user }) => user !== undefined })
const quotes = server.channel("quotes")
const market = createMarket()

answer({
  async listen() {
    await Promise.all(Array.from({ length: KEYS }, (_, each) => quotes.set(keyOf(each), market.quotes[each])))
    return (await server.listen({ port: 0, host: "127.0.0.1" })).port
  },
  feed: (plan) => feed((each) => quotes.set(keyOf(each), market.tick(each)), plan),
})
