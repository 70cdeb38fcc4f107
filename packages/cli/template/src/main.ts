import { connect } from "@magpie/client"
import type { app } from "./contract.ts"

const element = <E extends HTMLElement>(id: string): E => document.getElementById(id) as E
const author = element<HTMLInputElement>("author")
const text = element<HTMLInputElement>("text")
const messages = element("messages")

const magpie = connect<typeof app>(location.origin)
magpie.on("status", ({ to, retryInMs }) => {
  element("status").textContent = retryInMs === undefined ? to : `${to}, next try in ${Math.ceil(retryInMs / 1000)} s`
})

const lobby = magpie.channel("chat/lobby")
/** Our own lines, by the reference that comes back with the message. */
const own = new Map<string, HTMLElement>()

lobby.on("say", ({ data, ref }) => {
  const line = (ref === undefined ? undefined : own.get(ref)) ?? document.createElement("li")
  line.className = ""
  line.textContent = `${data.author}: ${data.text}`
  messages.append(line)
})
lobby.subscription.on("gap", ({ reason }) => {
  const line = document.createElement("li")
  line.textContent = `(some messages are no longer here: ${reason})`
  messages.append(line)
})
await lobby.subscribe({ last: 50 })

const typing = magpie.channel("typing/lobby")
let silence: ReturnType<typeof setTimeout> | undefined
typing.on("typing", ({ data }) => {
  if (data.author === author.value) return
  element("typing").textContent = `${data.author} is typing`
  clearTimeout(silence)
  silence = setTimeout(() => {
    element("typing").textContent = ""
  }, 2000)
})
text.addEventListener("input", () => {
  if (author.value !== "") typing.send("typing", { author: author.value })
})

element("form").addEventListener("submit", async (event) => {
  event.preventDefault()
  const ref = crypto.randomUUID()
  const line = document.createElement("li")
  line.className = "pending"
  line.textContent = `${author.value}: ${text.value}`
  own.set(ref, line)
  messages.append(line)
  // It stays in the outbox while there is no connection, and is stored once.
  const stored = lobby.send("say", { author: author.value, text: text.value }, { ref })
  text.value = ""
  try {
    await stored
  } catch {
    line.className = "failed"
  }
})
