import { createMeter, createNetwork, type Frame } from "@magpie/frame"
import { createStore, type Store } from "@magpie/frame/store"
import type { WidgetHooks } from "../widget/main.ts"

/** What the page shows as its own, and what stands in it but for the language and colours of this page. */
export const TAG = '<script src="widget.js" async></script>'

/** Does what the tag does, over a network that can be cut. The frame is there as soon as the widget has its client. */
export function embedWidget(language: string, theme: string | undefined): Store<Frame | undefined> {
  const frame = createStore<Frame | undefined>(undefined)
  const network = createNetwork()
  const hooks: WidgetHooks = {
    transport: network.transport,
    heartbeatMs: 2_000,
    onOpen: ({ client }) => frame.set({ client, network, meter: createMeter(() => client.statistics) }),
  }
  Object.assign(globalThis, { magpieSupport: hooks })
  const script = document.createElement("script")
  script.src = "widget.js"
  script.dataset.language = language
  if (theme !== undefined) script.dataset.theme = theme
  document.body.append(script)
  return frame
}
