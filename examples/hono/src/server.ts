import { createServer, type Server as HttpServer } from "node:http"
import { getRequestListener } from "@hono/node-server"
import { Hono } from "hono"
import { createMagpie } from "./magpie.ts"

export interface Running {
  readonly http: HttpServer
  close(): Promise<void>
}

/** Listens on a free port where none is given. */
export async function startServer(editorsKey: string, port = 0): Promise<Running> {
  const magpie = createMagpie(editorsKey)
  const app = new Hono()
  app.get("/", (context) => context.text("the front page"))
  app.post("/headlines", async (context) => {
    const { title } = await context.req.json<{ title: string }>()
    const { position } = await magpie.channel("news/today").publish("headline", { title })
    return context.json({ offset: position.offset }, 201)
  })

  const answer = getRequestListener(app.fetch)
  const http = createServer((request, response) => {
    if (!magpie.api(request, response)) void answer(request, response)
  })
  magpie.attach(http)
  await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve))
  return {
    http,
    async close() {
      await magpie.close()
      await new Promise((closed) => http.close(closed))
    },
  }
}
