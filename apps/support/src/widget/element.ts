type Props = Readonly<Record<string, string | boolean | EventListener | undefined>>
type Child = Node | string | undefined | false

/** An element with attributes, listeners (`onclick`) and children. Text is always text. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value)
    else if (value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value)
  }
  element.append(...children.filter((child) => child !== undefined && child !== false))
  return element
}

const SVG = "http://www.w3.org/2000/svg"

/** A line icon of 20 px in the text's colour. */
export function icon(path: string): SVGElement {
  const svg = document.createElementNS(SVG, "svg")
  svg.setAttribute("viewBox", "0 0 20 20")
  svg.setAttribute("aria-hidden", "true")
  const line = document.createElementNS(SVG, "path")
  line.setAttribute("d", path)
  svg.append(line)
  return svg
}

export const ICONS = {
  chat: "M3 4.5h14v9.5h-7l-4 3v-3H3z",
  close: "M5 5l10 10M15 5L5 15",
  send: "M3 10h13M11 5l5 5-5 5",
  attach: "M14 6v7a4 4 0 0 1-8 0V6a2.5 2.5 0 0 1 5 0v7a1 1 0 0 1-2 0V7",
  sound: "M4 8v4h2.5L10 15V5L6.5 8zM13 6a5 5 0 0 1 0 8",
  save: "M10 3v9M6.5 8.5L10 12l3.5-3.5M4 16h12",
} as const

/** A button that shows an icon and says its name. */
export const tool = (name: string, path: string, onclick?: EventListener, props: Props = {}): HTMLButtonElement =>
  h("button", { class: "tool", type: "button", title: name, "aria-label": name, onclick, ...props }, icon(path))
