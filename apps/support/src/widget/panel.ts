import type { Client } from "@magpie/client"
import { saveAttachment, saveBlob } from "../attachments/download.ts"
import type { Uploads } from "../attachments/uploads.ts"
import type { Support } from "../contract.ts"
import type { Conversation } from "../conversation/conversation.ts"
import type { Line } from "../conversation/lines.ts"
import { transcriptOf } from "../conversation/transcript.ts"
import type { WidgetWords } from "../language/widget-words.ts"
import { MAX_ATTACHMENT_BYTES } from "../limits.ts"
import { setSound, soundIsOn } from "../page/notify.ts"
import { createComposer } from "./composer.ts"
import { keepVisitorName, visitorName } from "./device.ts"
import { h, ICONS, tool } from "./element.ts"
import { createLineList } from "./line-list.ts"
import { wordOf } from "./word-of.ts"

export interface PanelOptions {
  readonly client: Client<Support>
  readonly visitor: string
  readonly words: WidgetWords
  readonly talk: Conversation
  readonly uploads: Uploads
  readonly agents: Agents
  readonly say: (text: string) => void
  readonly onClose: () => void
}

interface Agents {
  readonly counts: { readonly members: number }
  readonly state: { readonly state: string }
  on(event: "change" | "state", listener: () => void): () => void
}

/** Everything between the panel's head and the line that one writes in. */
export function createPanel({ client, visitor, words, talk, uploads, agents, say, onClose }: PanelOptions) {
  const notice = h("p", { class: "notice", role: "status", hidden: true })
  const status = h("p", { class: "status" })
  const intro = h("div", { class: "intro" })
  const typing = h("p", { class: "typing", "aria-live": "polite" })
  const progress = h("ul", { class: "uploads" })
  const older = h("button", { class: "older", type: "button", onclick: () => void talk.loadOlder() }, words.older)
  const tell = (text: string): void => {
    notice.textContent = text
    notice.hidden = text === ""
  }
  const composer = createComposer({
    words,
    onText: say,
    onTyping: () => talk.typing(true),
    onEdit: (line, text) => talk.edit(line, text),
    onFile: (file) => tell(uploads.add(file) ? "" : words.tooLarge(megabytes(words.tag, MAX_ATTACHMENT_BYTES))),
  })
  const list = createLineList({
    words,
    onEdit: composer.edit,
    onRemove: talk.remove,
    onAgain(line) {
      talk.dismiss(line)
      say(line.text)
    },
    onSave: (line) => line.file && void saveAttachment(client, visitor, line.file).catch(() => tell(words.downloadFailed)),
  })
  const scroller = h(
    "div",
    { class: "scroller", role: "log", "aria-label": words.title, tabindex: "0" },
    older,
    intro,
    list.element,
    typing,
  )

  function show(): void {
    const view = talk.view.get()
    const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 48
    list.show(view.lines, view.readUpTo)
    older.hidden = !view.hasOlder
    const name = lastAgent(view.lines)?.name ?? ""
    typing.textContent = view.typing ? `${name} ${words.typing}` : ""
    if (view.refused) tell(words.refused)
    showIntro()
    if (atEnd) scroller.scrollTop = scroller.scrollHeight
  }

  function showIntro(): void {
    const { lines, loaded } = talk.view.get()
    const away = agents.state.state === "live" && agents.counts.members === 0
    const { state } = client.status
    status.textContent = state === "online" ? (away ? words.away : words.here) : state === "connecting" ? words.connecting : words.offline
    status.dataset.state = state === "online" ? (away ? "away" : "here") : state
    const empty = lines.length === 0
    const text = !loaded && empty && state !== "offline" ? words.loading : away ? words.awayNote : empty ? words.welcome : ""
    intro.hidden = text === ""
    if (intro.dataset.text === text) return
    intro.dataset.text = text
    const name = h("input", { class: "name", maxlength: "60", placeholder: words.namePlaceholder, "aria-label": words.namePlaceholder })
    name.value = visitorName()
    name.addEventListener("input", () => keepVisitorName(name.value))
    intro.replaceChildren(h("p", {}, text), ...(empty && loaded ? [name] : []))
  }

  function showUploads(): void {
    progress.replaceChildren(
      ...uploads.view.get().map(({ upload, title, size, sent, failure }) => {
        const bar = h("progress", { max: String(size), value: String(sent), "aria-label": title })
        const again = h("button", { type: "button", onclick: () => uploads.retry(upload) }, words.again)
        const cancel = h("button", { type: "button", onclick: () => uploads.cancel(upload) }, words.cancel)
        return h(
          "li",
          {},
          h("span", {}, failure === "none" ? title : words.uploadFailed[failure]),
          failure === "none" ? bar : again,
          cancel,
        )
      }),
    )
  }

  const sound = tool(words.sound, ICONS.sound, () => {
    setSound(!soundIsOn())
    showSound()
  })
  const showSound = (): void => sound.setAttribute("aria-pressed", String(soundIsOn()))
  const save = tool(words.transcript, ICONS.save, () => {
    void saveTranscript(client, visitor, words).catch(() => tell(words.downloadFailed))
  })

  talk.view.subscribe(show)
  uploads.view.subscribe(showUploads)
  client.on("status", showIntro)
  agents.on("change", showIntro)
  agents.on("state", showIntro)
  showSound()
  show()

  const head = h("header", {}, h("div", {}, h("h2", {}, words.title), status), save, sound, tool(words.close, ICONS.close, onClose))
  return {
    element: h(
      "section",
      { class: "panel", role: "dialog", "aria-label": words.title },
      head,
      scroller,
      notice,
      progress,
      composer.element,
    ),
    focus(): void {
      composer.focus()
      scroller.scrollTop = scroller.scrollHeight
    },
  }
}

const lastAgent = (lines: readonly Line[]): Line | undefined => lines.findLast((line) => !line.own && line.name !== "")

const megabytes = (tag: string, bytes: number): string =>
  new Intl.NumberFormat(tag, { style: "unit", unit: "megabyte" }).format(bytes / 1024 / 1024)

async function saveTranscript(client: Client<Support>, visitor: string, words: WidgetWords): Promise<void> {
  const nameOf = (line: Line): string => (line.own ? words.you : line.name)
  const text = await transcriptOf(client, { visitor, side: "visitor", tag: words.tag, nameOf, wordOf: (line) => wordOf(line, words) })
  saveBlob(new Blob([text], { type: "text/plain;charset=utf-8" }), `${words.title}.txt`)
}
