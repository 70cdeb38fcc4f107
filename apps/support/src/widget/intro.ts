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

/** Whether somebody is there, in the head, and the words before the first message. */
export function createIntro({ client, words, talk, agents }: IntroOptions) {
  const status = h("p", { class: "status" })
  const element = h("div", { class: "intro" })

  function show(): void {
    const { lines, loaded } = talk.view.get()
    const { state } = client.status
    const away = agents.state.state === "live" && agents.counts.members === 0
    const empty = lines.length === 0
    status.textContent = state === "online" ? (away ? words.away : words.here) : state === "connecting" ? words.connecting : words.offline
    status.dataset.state = state === "online" ? (away ? "away" : "here") : state
    const text = !loaded && empty && state !== "offline" ? words.loading : away ? words.awayNote : empty ? words.welcome : ""
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
