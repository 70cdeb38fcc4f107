import { anonymous, anyOf, apiKeys, createServer } from "@magpie/server"
import { app } from "./contract.ts"

/** Everybody may read; the editors' back end may publish, by code on this server or by HTTP. */
export function createMagpie(editorsKey: string) {
  const editors = apiKeys({ keys: { [editorsKey]: { id: "editors", api: { may: ["publish"], channels: ["news/:topic"] } } } })
  const magpie = createServer(app, { auth: anyOf(editors, anonymous()) })
  magpie.channel("news/:topic", { authorize: ({ action }) => action !== "publish" })
  return magpie
}
