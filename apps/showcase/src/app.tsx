import { CodeDrawer, chosenLanguage, PageHeader, StatusBar, useStore } from "@magpie/frame"
import { lazy, type MouseEvent, Suspense, useEffect, useMemo, useState } from "react"
import { ChatPage } from "./chat/chat-page.tsx"
import { sourceFiles } from "./code/source-files.ts"
import type { Dictionary } from "./language/english.ts"
import { LanguageContext, languageOf } from "./language/language.ts"
import { AppMenu } from "./layout/app-menu.tsx"
import { HeaderLinks } from "./layout/header-links.tsx"
import { type Route, useRoute } from "./route.ts"

// Whoever chats does not wait for charts.
const DevicesPage = lazy(() => import("./devices/devices-page.tsx").then((module) => ({ default: module.DevicesPage })))
const QuotesPage = lazy(() => import("./quotes/quotes-page.tsx").then((module) => ({ default: module.QuotesPage })))
const DashboardPage = lazy(() => import("./dashboard/dashboard-page.tsx").then((module) => ({ default: module.DashboardPage })))

export function App() {
  const tag = useStore(chosenLanguage)
  const language = useMemo(() => languageOf(tag), [tag])
  const [codeOpen, setCodeOpen] = useState(false)
  const route = useRoute()
  const { words } = language
  const title = titleOf(route, words)

  useEffect(() => {
    document.documentElement.lang = tag
    document.title = `${title} · Magpie 鵲橋`
  }, [tag, title])

  return (
    <LanguageContext value={language}>
      {/* biome-ignore lint/a11y/useValidAnchor: it goes to the content; the address keeps naming what is shown */}
      <a className="skip-link" href="#content" onClick={skipToContent}>
        {words.skip[route.app]}
      </a>
      <div className={codeOpen ? "shell with-code" : "shell"}>
        <div className="app">
          <PageHeader
            tagline={words.apps[route.app].about}
            menu={<AppMenu shown={route.app} />}
            codeOpen={codeOpen}
            onCode={() => setCodeOpen(!codeOpen)}
          >
            <HeaderLinks />
          </PageHeader>
          <StatusBar />
          {route.app === "chat" ? (
            <ChatPage room={route.room} />
          ) : (
            <Suspense fallback={<div className="page" />}>
              <Application route={route} />
            </Suspense>
          )}
        </div>
      </div>
      <CodeDrawer open={codeOpen} onClose={() => setCodeOpen(false)} files={sourceFiles(words)[route.app]} />
    </LanguageContext>
  )
}

function Application({ route }: { readonly route: Exclude<Route, { app: "chat" }> }) {
  switch (route.app) {
    case "quotes":
      return <QuotesPage symbol={route.symbol} />
    case "dashboard":
      return <DashboardPage board={route.board} />
    case "devices":
      return <DevicesPage device={route.device} isOwn={route.isOwn} />
  }
}

function titleOf(route: Route, { apps, rooms }: Dictionary): string {
  switch (route.app) {
    case "chat":
      return rooms.given[route.room] ?? route.room
    case "quotes":
      return route.symbol ?? apps.quotes.name
    case "dashboard":
      return apps.dashboard.name
    case "devices":
      return route.device ?? apps.devices.name
  }
}

/** The address keeps what it names, so the link does what a link to an anchor would do. */
function skipToContent(event: MouseEvent) {
  event.preventDefault()
  document.querySelector<HTMLElement>("[data-content]")?.focus()
}
