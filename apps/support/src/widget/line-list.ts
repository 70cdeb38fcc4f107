import type { Line } from "../conversation/lines.ts"
import type { WidgetWords } from "../language/widget-words.ts"
import { h } from "./element.ts"
import { wordOf } from "./word-of.ts"

export interface LineListOptions {
  readonly words: WidgetWords
  readonly onEdit: (line: Line) => void
  readonly onRemove: (line: Line) => void
  readonly onAgain: (line: Line) => void
  readonly onSave: (line: Line) => void
}

interface Shown {
  readonly signature: string
  readonly element: HTMLElement
}

/** The rows of the conversation; only those that changed are made anew. */
export function createLineList(options: LineListOptions) {
  const { words } = options
  const element = h("ol", { class: "lines" })
  const times = new Intl.DateTimeFormat(words.tag, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" })
  const days = new Intl.DateTimeFormat(words.tag, { month: "long", day: "numeric", weekday: "long" })
  let shown = new Map<string, Shown>()

  /** What stands under the last of one's own: how far it came. */
  function fateOf(line: Line, readUpTo: number, isLast: boolean): string {
    if (line.delivery !== "stored") return words[line.delivery]
    return isLast ? (Number(line.offset) <= readUpTo ? words.read : words.sent) : ""
  }

  function rowOf(line: Line, fate: string, first: boolean): HTMLElement {
    const text = wordOf(line, words)
    if (line.kind === "event") return h("li", { class: "event" }, text)
    const own = line.own && line.kind !== "deleted" && line.delivery === "stored"
    const action = (label: string, act: (line: Line) => void) => h("button", { onclick: () => act(line) }, label)
    const body = line.file === undefined ? h("p", { class: "text" }, text) : fileBody(line)
    return h(
      "li",
      { class: `line ${line.own ? "own" : "theirs"} ${line.kind} ${line.delivery}` },
      first && !line.own && line.name !== "" && h("span", { class: "author" }, line.name),
      body,
      h(
        "span",
        { class: "meta" },
        own && line.kind === "say" && action(words.edit, options.onEdit),
        own && action(words.remove, options.onRemove),
        line.delivery === "failed" && line.kind === "say" && action(words.again, options.onAgain),
        h(
          "span",
          {},
          [times.format(line.at), line.edited && line.kind !== "deleted" ? words.edited : "", fate].filter(Boolean).join(" · "),
        ),
      ),
    )
  }

  function fileBody(line: Line): HTMLElement {
    const size = new Intl.NumberFormat(words.tag, { style: "unit", unit: "kilobyte" })
    return h(
      "button",
      { class: "text file", onclick: () => options.onSave(line) },
      h("span", { class: "file-title" }, line.text),
      h("span", {}, `${size.format(Math.ceil((line.file?.size ?? 0) / 1000))} · ${words.download}`),
    )
  }

  return {
    element,
    show(lines: readonly Line[], readUpTo: number): void {
      const lastOwn = lines.findLast((line) => line.own && line.kind !== "deleted" && line.delivery === "stored")
      const next = new Map<string, Shown>()
      // An attachment that was announced twice, as a reload in the wrong moment does, has one row.
      const put = (key: string, signature: string, make: () => HTMLElement): void => {
        const known = shown.get(key)
        next.set(key, known?.signature === signature ? known : { signature, element: make() })
      }
      let before: Line | undefined
      for (const line of lines) {
        const day = days.format(line.at)
        if (before === undefined || days.format(before.at) !== day) put(`day ${day}`, day, () => h("li", { class: "day" }, day))
        const fate = line.own ? fateOf(line, readUpTo, line === lastOwn) : ""
        const first = before === undefined || before.from !== line.from || before.kind === "event"
        put(line.key, JSON.stringify([line, fate, first]), () => rowOf(line, fate, first))
        before = line
      }
      shown = next
      const wanted = [...next.values()].map((each) => each.element)
      for (const [index, each] of wanted.entries()) {
        if (element.children[index] !== each) element.insertBefore(each, element.children[index] ?? null)
      }
      while (element.children.length > wanted.length) element.lastElementChild?.remove()
    },
  }
}
