import { chosenLanguage, createMeter, createNetwork, type Frame, FrameContext } from "@magpie/frame"
import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { App } from "./app.tsx"
import { type Connection, ConnectionContext } from "./connection/connection-context.ts"
import { openConnection } from "./connection/open-connection.ts"
import { deviceOf, referrerOf, tellVisit } from "./dashboard/visits/tell-visit.ts"
import { loadIdentity } from "./identity.ts"
import { languageOf } from "./language/language.ts"
import { createRooms } from "./rooms/rooms.ts"
import { routeOf } from "./route.ts"
import "@magpie/frame/frame.css"
import "./styles/page.css"
import "./styles/app-menu.css"
import "./styles/rooms.css"
import "./styles/chat.css"
import "./styles/message.css"

const { randomNames } = languageOf(chosenLanguage.get()).words
const me = loadIdentity(() => randomNames[Math.floor(Math.random() * randomNames.length)] ?? "Magpie")
const network = createNetwork()
const client = openConnection(network.transport)
const frame: Frame = { client, network, meter: createMeter(() => client.statistics) }
const connection: Connection = { client, me, rooms: createRooms(client, me) }

// Whoever asks sites not to track is not counted.
if (navigator.doNotTrack !== "1" && !("globalPrivacyControl" in navigator && navigator.globalPrivacyControl === true))
  tellVisit(
    client,
    () => ({
      page: routeOf(location.hash).app,
      device: deviceOf(innerWidth, matchMedia("(pointer: coarse)").matches),
      referrer: referrerOf(document.referrer, location.host),
    }),
    (listener) => window.addEventListener("hashchange", listener),
  )

const root = document.getElementById("root")
if (root === null) throw new Error("the page has no #root")
createRoot(root).render(
  <StrictMode>
    <FrameContext value={frame}>
      <ConnectionContext value={connection}>
        <App />
      </ConnectionContext>
    </FrameContext>
  </StrictMode>,
)
