import { presence } from "@magpie/client/presence"
import { createUploads } from "../attachments/uploads.ts"
import { openConversation } from "../conversation/conversation.ts"
import type { SupportClient } from "../conversation/open-support.ts"
import type { WidgetWords } from "../language/widget-words.ts"
import { visitorName } from "./device.ts"
import { h, ICONS, icon } from "./element.ts"
import { createPanel } from "./panel.ts"
import { followUnread } from "./unread.ts"
import styles from "./widget.css?inline"

export interface WidgetOptions {
  readonly support: SupportClient
  readonly visitor: string
  readonly words: WidgetWords
  readonly theme: string | undefined
}

const OPEN_KEY = "magpie.support.open"

/** Puts the button and the panel on the page, in a shadow tree: the page's styles do not reach it, nor its styles the page. */
export function mountWidget({ support, visitor, words, theme }: WidgetOptions): void {
  const { client, device } = support
  const talk = openConversation(support, visitor, "visitor")
  const page = (): string => location.href.slice(0, 300)

  /** The conversation has the message; the queue has a line that somebody is waiting. */
  function ask(): void {
    const entry = { visitor, name: visitorName(), page: page(), language: words.tag }
    void client
      .channel("support/queue")
      .send("asks", entry)
      .catch(() => {})
  }
  const uploads = createUploads({ client, visitor, device, onDone: ask })
  const say = (text: string): void => {
    talk.send(text)
    ask()
  }

  const agents = presence(client.channel("support/open"), { watch: "counts" })
  const here = presence(client.channel(`support/talk/${visitor}`), { watch: false })
  const tellWhere = (): void => void here.enter({ page: page(), away: document.hidden }).catch(() => {})
  const panel = createPanel({ client, visitor, words, talk, uploads, agents, say, onClose: () => toggle(false) })
  const isOpen = (): boolean => !panel.element.hidden
  const badge = h("span", { class: "badge" })
  const launcher = h("button", { class: "launcher", onclick: () => toggle(!isOpen()) })
  const host = h("div", { id: "magpie-support", lang: words.tag, "data-theme": theme })
  const root = host.attachShadow({ mode: "open" })
  root.append(h("style", {}, styles), panel.element, launcher)
  document.body.append(host)

  const look = followUnread({ talk, visitor, words, badge, isOpen })
  function show(open: boolean): void {
    panel.element.hidden = !open
    launcher.setAttribute("aria-expanded", String(open))
    launcher.setAttribute("aria-label", open ? words.close : words.open)
    launcher.replaceChildren(icon(open ? ICONS.close : ICONS.chat), badge)
    if (open) panel.focus()
    look()
  }
  function toggle(open: boolean): void {
    sessionStorage.setItem(OPEN_KEY, String(open))
    show(open)
    if (!open) launcher.focus()
  }

  for (const react of [look, tellWhere]) document.addEventListener("visibilitychange", react)
  root.addEventListener("keydown", (event) => (event as KeyboardEvent).key === "Escape" && isOpen() && toggle(false))
  tellWhere()
  show(sessionStorage.getItem(OPEN_KEY) === "true")
}
