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
import { h, ICONS, tool } from "./element.ts"
import { type Agents, createIntro } from "./intro.ts"
import { createLineList } from "./line-list.ts"
import { createUploadList } from "./upload-list.ts"
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

/** Everything between the panel's head and the line that one writes in. */
export function createPanel({ client, visitor, words, talk, uploads, agents, say, onClose }: PanelOptions) {
  const notice = h("p", { class: "notice", role: "status", hidden: true })
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
  const intro = createIntro({ client, words, talk, agents })
  const older = h("button", { class: "older", onclick: () => void talk.loadOlder() }, words.older)
  const typing = h("p", { class: "typing", "aria-live": "polite" })
  const scroller = h(
    "div",
    { class: "scroller", role: "log", "aria-label": words.title, tabindex: "0" },
    older,
    intro.element,
    list.element,
    typing,
  )

  function show(): void {
    const view = talk.view.get()
    const atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 48
    list.show(view.lines, view.readUpTo)
    older.hidden = !view.hasOlder
    typing.textContent = view.typing ? `${lastAgent(view.lines)?.name ?? ""} ${words.typing}` : ""
    if (view.refused) tell(words.refused)
    intro.show()
    if (atEnd) scroller.scrollTop = scroller.scrollHeight
  }
  talk.view.subscribe(show)
  show()

  const save = tool(words.transcript, ICONS.save, () => {
    void saveTranscript(client, visitor, words).catch(() => tell(words.downloadFailed))
  })
  const title = h("div", {}, h("h2", {}, words.title), intro.status)
  const head = h("header", {}, title, save, soundButton(words), tool(words.close, ICONS.close, onClose))
  const parts = [head, scroller, notice, createUploadList(uploads, words), composer.element]
  return {
    element: h("section", { class: "panel", role: "dialog", "aria-label": words.title }, ...parts),
    focus(): void {
      composer.focus()
      scroller.scrollTop = scroller.scrollHeight
    },
  }
}

function soundButton(words: WidgetWords): HTMLElement {
  const button = tool(words.sound, ICONS.sound, () => {
    setSound(!soundIsOn())
    show()
  })
  const show = (): void => button.setAttribute("aria-pressed", String(soundIsOn()))
  show()
  return button
}

const lastAgent = (lines: readonly Line[]): Line | undefined => lines.findLast((line) => !line.own && line.name !== "")

const megabytes = (tag: string, bytes: number): string =>
  new Intl.NumberFormat(tag, { style: "unit", unit: "megabyte" }).format(bytes / 1024 / 1024)

async function saveTranscript(client: Client<Support>, visitor: string, words: WidgetWords): Promise<void> {
  const nameOf = (line: Line): string => (line.own ? words.you : line.name)
  const text = await transcriptOf(client, { visitor, side: "visitor", tag: words.tag, nameOf, wordOf: (line) => wordOf(line, words) })
  saveBlob(new Blob([text], { type: "text/plain;charset=utf-8" }), `${words.title}.txt`)
}
