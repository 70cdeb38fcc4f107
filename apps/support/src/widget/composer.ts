import type { Line } from "../conversation/lines.ts"
import type { WidgetWords } from "../language/widget-words.ts"
import { MAX_TEXT_LENGTH } from "../limits.ts"
import { h, ICONS, tool } from "./element.ts"

export interface ComposerOptions {
  readonly words: WidgetWords
  readonly onText: (text: string) => void
  readonly onTyping: () => void
  readonly onEdit: (line: Line, text: string) => void
  readonly onFile: (file: File) => void
}

const DRAFT_KEY = "magpie.support.draft"

/** Where one writes: Enter sends, Shift and Enter begin a new line. What is not sent yet outlives a reload. */
export function createComposer({ words, onText, onTyping, onEdit, onFile }: ComposerOptions) {
  let edited: Line | undefined
  const field = h("textarea", {
    rows: "1",
    maxlength: String(MAX_TEXT_LENGTH),
    placeholder: words.placeholder,
    "aria-label": words.placeholder,
    oninput: onInput,
    onkeydown: (event) => onKey(event as KeyboardEvent),
  })
  const file = h("input", { type: "file", hidden: true, onchange: chooseFile })
  const cancel = h("button", { type: "button", onclick: () => begin(undefined) }, words.cancel)
  const editing = h("p", { class: "editing", hidden: true }, words.editing, cancel)
  field.value = sessionStorage.getItem(DRAFT_KEY) ?? ""

  function begin(line: Line | undefined): void {
    edited = line
    editing.hidden = line === undefined
    field.value = line?.text ?? ""
    focus()
  }

  function focus(): void {
    field.style.height = "auto"
    field.style.height = `${field.scrollHeight}px`
    field.focus()
  }

  function submit(event: Event): void {
    event.preventDefault()
    const text = field.value.trim()
    if (text === "") return
    const line = edited
    begin(undefined)
    sessionStorage.removeItem(DRAFT_KEY)
    if (line === undefined) onText(text)
    else if (text !== line.text) onEdit(line, text)
  }

  function onInput(): void {
    focus()
    if (edited === undefined) sessionStorage.setItem(DRAFT_KEY, field.value)
    if (field.value !== "") onTyping()
  }

  function onKey(event: KeyboardEvent): void {
    if (event.key === "Escape" && edited !== undefined) {
      event.stopPropagation()
      begin(undefined)
    }
    // While an input method composes, Enter chooses a candidate.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) submit(event)
  }

  function chooseFile(): void {
    const [chosen] = file.files ?? []
    if (chosen) onFile(chosen)
    file.value = ""
  }

  const attach = tool(words.attach, ICONS.attach, () => file.click())
  const send = tool(words.send, ICONS.send, undefined, { class: "tool send", type: "submit" })
  const row = h("div", { class: "row" }, attach, file, field, send)
  return { element: h("form", { onsubmit: submit }, editing, row), edit: begin, focus }
}
