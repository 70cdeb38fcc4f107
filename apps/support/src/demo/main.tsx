import { chosenLanguage, chosenTheme } from "@magpie/frame"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { App } from "./app.tsx"
import { embedWidget } from "./embed-widget.ts"
import "@magpie/frame/frame.css"
import "./demo.css"

// The widget is told once which language and colours the page has.
chosenLanguage.subscribe(() => location.reload())
chosenTheme.subscribe(() => location.reload())

const language = chosenLanguage.get()
const theme = chosenTheme.get()
document.documentElement.lang = language
const root = document.getElementById("root")
if (root === null) throw new Error("the page has no #root")
createRoot(root).render(
  <StrictMode>
    <App frame={embedWidget(language, theme === "auto" ? undefined : theme)} />
  </StrictMode>,
)
