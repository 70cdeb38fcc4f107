import { contract, json, stream } from "@magpie/protocol"

export const app = contract({
  "news/:topic": stream({ messages: { headline: json<{ title: string }>() } }),
})
