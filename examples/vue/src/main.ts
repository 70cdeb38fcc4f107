import { connect } from "@magpie/client"
import { createApp } from "vue"
import ChatRoom from "./chat-room.vue"
import { app } from "./contract.ts"

// The server of this example; `?server=` names another one.
const server = new URLSearchParams(location.search).get("server") ?? `ws://${location.hostname}:8080`
const magpie = connect(server, { contract: app })

createApp(ChatRoom, { magpie }).mount("#app")
