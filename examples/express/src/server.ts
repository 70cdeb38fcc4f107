import type { Server as HttpServer } from "node:http"
import express from "express"
import { createMagpie } from "./magpie.ts"

export interface Running {
  readonly http: HttpServer
  close(): Promise<void>
}

/** Listens on a free port where none is given. */
export function startServer(editorsKey: string, port = 0): Promise<Running> {
  const magpie = createMagpie(editorsKey)
  const app = express()

  // First of all, before anybody reads a body.
  app.use((request, response, next) => {
    if (!magpie.api(request, response)) next()
  })
  app.use(express.json())
  app.get("/", (_request, response) => {
    response.send("the front page")
  })
  app.post("/headlines", async (request, response) => {
    const { position } = await magpie.channel("news/today").publish("headline", { title: String(request.body.title) })
    response.status(201).json({ offset: position.offset })
  })

  return new Promise((resolve) => {
    const http = app.listen(port, "127.0.0.1", () => {
      resolve({
        http,
        async close() {
          await magpie.close()
          await new Promise((closed) => http.close(closed))
        },
      })
    })
    magpie.attach(http)
  })
}
