import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { applyTheme } from "../page/theme.ts"
import { App } from "./app.tsx"
import "../styles/tokens.css"
import "./desk.css"
import "./talk.css"

applyTheme()
const root = document.getElementById("root")
if (root === null) throw new Error("the page has no #root")
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
)
