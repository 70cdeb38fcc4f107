import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { App } from "./app.tsx"
import { type Connection, ConnectionContext } from "./connection/connection-context.ts"
import { createMeter } from "./connection/meter.ts"
import { createNetwork } from "./connection/network.ts"
import { openConnection } from "./connection/open-connection.ts"
import { loadIdentity } from "./identity.ts"
import { chosenLanguage, languageOf } from "./language/language.ts"
import { createRooms } from "./rooms/rooms.ts"
import "./styles/tokens.css"
import "./styles/base.css"
import "./styles/controls.css"
import "./styles/header.css"
import "./styles/bar.css"
import "./styles/rooms.css"
import "./styles/chat.css"
import "./styles/message.css"
import "./styles/drawer.css"

const { randomNames } = languageOf(chosenLanguage.get()).words
const me = loadIdentity(() => randomNames[Math.floor(Math.random() * randomNames.length)] ?? "Magpie")
const network = createNetwork()
const client = openConnection(network.transport)
const connection: Connection = {
  client,
  network,
  me,
  meter: createMeter(() => client.statistics),
  rooms: createRooms(client, me),
}

const root = document.getElementById("root")
if (root === null) throw new Error("the page has no #root")
createRoot(root).render(
  <StrictMode>
    <ConnectionContext value={connection}>
      <App />
    </ConnectionContext>
  </StrictMode>,
)
