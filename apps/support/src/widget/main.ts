import { type Link, openSupport, type SupportClient } from "../conversation/open-support.ts"
import { widgetWordsOf } from "../language/widget-words.ts"
import { VISITOR_PREFIX, visitorIdOf } from "../visitor-id.ts"
import { visitorSecret } from "./device.ts"
import { mountWidget } from "./mount-widget.ts"

/** What a page may leave in `globalThis.magpieSupport` before the script: its own way to the server, and who wants to know the client. */
export interface WidgetHooks extends Link {
  readonly onOpen?: (support: SupportClient) => void
}

/** `<script src="…/widget.js" data-server="wss://…" data-language="zh-TW" async></script>`: both are optional. */
async function begin({ src, dataset }: HTMLScriptElement): Promise<void> {
  const { onOpen, ...link } = (globalThis as { readonly magpieSupport?: WidgetHooks }).magpieSupport ?? {}
  const secret = visitorSecret()
  const visitor = await visitorIdOf(secret)
  const server = dataset.server ?? new URL(src).origin.replace(/^http/, "ws")
  const device = `magpie-support-${visitor}`
  const support = openSupport({ server, token: VISITOR_PREFIX + secret, device, link })
  const language = dataset.language ?? (document.documentElement.lang || navigator.language)
  mountWidget({ support, visitor, words: widgetWordsOf(language), theme: dataset.theme })
  onOpen?.(support)
}

if (document.currentScript instanceof HTMLScriptElement) void begin(document.currentScript)
