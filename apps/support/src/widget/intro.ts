import type { Conversation } from "../conversation/conversation.ts"
import type { SupportClient } from "../conversation/open-support.ts"
import type { WidgetWords } from "../language/widget-words.ts"
import { keepVisitorName, visitorName } from "./device.ts"
import { h } from "./element.ts"

/** How many agents take conversations now. */
export interface Agents {
  readonly counts: { readonly members: number }
  readonly state: { readonly state: string }
  on(event: "change" | "state", listener: () => void): () => void
}

export interface IntroOptions extends Pick<SupportClient, "client"> {
  readonly words: WidgetWords
  readonly talk: Conversation
  readonly agents: Agents
}

/** Whether somebody is there; nothing is said of it before the server has told. */
export function attendance({ status }: Pick<IntroOptions["client"], "status">, { state, counts }: Omit<Agents, "on">) {
  if (status.state !== "online") return status.state === "connecting" ? "connecting" : "offline"
  return state.state === "live" ? (counts.members === 0 ? "away" : "here") : "connecting"
}

/** Whether somebody is there, in the head, and the words before the first message. */
export function createIntro({ client, words, talk, agents }: IntroOptions) {
  const status = h("p", { class: "status" })
  const element = h("div", { class: "intro" })

  function show(): void {
    const { lines, loaded } = talk.view.get()
    const now = attendance(client, agents)
    const empty = lines.length === 0
    status.textContent = words[now]
    status.dataset.state = now
    const text =
      !loaded && empty && client.status.state !== "offline" ? words.loading : now === "away" ? words.awayNote : empty ? words.welcome : ""
    element.hidden = text === ""
    if (element.dataset.text === text) return
    element.dataset.text = text
    element.replaceChildren(h("p", {}, text), ...(empty && loaded ? [nameField(words)] : []))
  }

  client.on("status", show)
  agents.on("change", show)
  agents.on("state", show)
  return { status, element, show }
}

function nameField(words: WidgetWords): HTMLElement {
  const name = h("input", {
    class: "name",
    maxlength: "60",
    placeholder: words.namePlaceholder,
    "aria-label": words.namePlaceholder,
    value: visitorName(),
    oninput: () => keepVisitorName(name.value),
  })
  return name
}
