import { contract, json, stream } from "@magpie/protocol"

export const app = contract({
  "chat/:room": stream({ messages: { say: json<{ name: string; text: string }>() } }),
})
