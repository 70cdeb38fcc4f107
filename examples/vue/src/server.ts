import { anonymous, createServer } from "@magpie/server"
import { app } from "./contract.ts"

const server = createServer(app, { auth: anonymous(), origins: "any" })
server.channel("chat/:room", { authorize: () => true })
const { port } = await server.listen({ port: 8080 })
console.log(`ws://localhost:${port}`)
