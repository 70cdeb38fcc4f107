import type { Uploads } from "../attachments/uploads.ts"
import type { WidgetWords } from "../language/widget-words.ts"
import { h } from "./element.ts"

/** The files that are on their way, with how far they came. */
export function createUploadList(uploads: Uploads, words: WidgetWords): HTMLElement {
  const element = h("ul", { class: "uploads" })
  uploads.view.subscribe(() =>
    element.replaceChildren(
      ...uploads.view.get().map(({ upload, title, size, sent, failure }) => {
        const isFine = failure === "none"
        const state = isFine
          ? h("progress", { max: String(size), value: String(sent), "aria-label": title })
          : h("button", { onclick: () => uploads.retry(upload) }, words.again)
        const cancel = h("button", { onclick: () => uploads.cancel(upload) }, words.cancel)
        return h("li", {}, h("span", {}, isFine ? title : words.uploadFailed[failure]), state, cancel)
      }),
    ),
  )
  return element
}
