import { presence } from "@magpie/client/presence"
import { createUploads } from "../attachments/uploads.ts"
import { openConversation } from "../conversation/conversation.ts"
import type { SupportClient } from "../conversation/open-support.ts"
import type { WidgetWords } from "../language/widget-words.ts"
import { createTitleNotice, playSound } from "../page/notify.ts"
import { visitorName } from "./device.ts"
import { h, ICONS, icon } from "./element.ts"
import { createPanel } from "./panel.ts"
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
  const queue = client.channel("support/queue")
  const titleNotice = createTitleNotice()

  /** The conversation has the message; the queue has a line that somebody is waiting. */
  function ask(): void {
    const entry = { visitor, name: visitorName(), page: location.href.slice(0, 300), language: words.tag }
    void queue.send("asks", entry).catch(() => {})
  }
  const uploads = createUploads({ client, visitor, device, onDone: ask })
  const say = (text: string): void => {
    talk.send(text)
    ask()
  }

  const agents = presence(client.channel("support/open"), { watch: "counts" })
  const here = presence(client.channel(`support/talk/${visitor}`), { watch: false })
  const tellWhere = (): void => void here.enter({ page: location.href.slice(0, 300), away: document.hidden }).catch(() => {})
  tellWhere()
  document.addEventListener("visibilitychange", tellWhere)

  const panel = createPanel({ client, visitor, words, talk, uploads, agents, say, onClose: () => toggle(false) })
  const badge = h("span", { class: "badge", hidden: true })
  const launcher = h(
    "button",
    { class: "launcher", type: "button", "aria-expanded": "false", onclick: () => toggle() },
    icon(ICONS.chat),
    badge,
  )
  const host = h("div", { id: "magpie-support", lang: words.tag, "data-theme": theme })
  const root = host.attachShadow({ mode: "open" })
  root.append(h("style", {}, styles), panel.element, launcher)
  document.body.append(host)

  function toggle(open = panel.element.hidden): void {
    panel.element.hidden = !open
    launcher.setAttribute("aria-expanded", String(open))
    launcher.setAttribute("aria-label", open ? words.close : words.open)
    launcher.replaceChildren(icon(open ? ICONS.close : ICONS.chat), badge)
    sessionStorage.setItem(OPEN_KEY, open ? "yes" : "no")
    if (open) panel.focus()
    else launcher.focus()
    look()
  }

  const seen = createSeen(visitor)
  let newest: number | undefined
  function look(): void {
    const { lines, loaded } = talk.view.get()
    const theirs = lines.filter((line) => !line.own && line.kind !== "event" && line.offset !== undefined)
    const last = theirs.at(-1)?.offset ?? 0
    if (loaded && newest !== undefined && last > newest) {
      playSound()
      titleNotice.add()
    }
    if (loaded) newest = Math.max(newest ?? 0, last)
    if (!panel.element.hidden && !document.hidden && loaded) {
      talk.markRead()
      seen.upTo(last)
    }
    const unread = theirs.filter((line) => Number(line.offset) > seen.get()).length
    badge.hidden = unread === 0 || !panel.element.hidden
    badge.textContent = String(unread)
    badge.setAttribute("aria-label", words.newMessages(unread))
  }
  talk.view.subscribe(look)
  document.addEventListener("visibilitychange", look)
  root.addEventListener("keydown", (event) => (event as KeyboardEvent).key === "Escape" && !panel.element.hidden && toggle(false))
  panel.element.hidden = true
  launcher.setAttribute("aria-label", words.open)
  if (sessionStorage.getItem(OPEN_KEY) === "yes") toggle(true)
}

/** Up to where this visitor has looked, kept on the device. */
function createSeen(visitor: string) {
  const key = `magpie.support.seen.${visitor}`
  return {
    get: (): number => Number(localStorage.getItem(key) ?? 0),
    upTo: (offset: number): void => localStorage.setItem(key, String(offset)),
  }
}
