import { createServer, type Server as HttpServer } from "node:http"
import Fastify from "fastify"
import { createMagpie } from "./magpie.ts"

export interface Running {
  readonly http: HttpServer
  close(): Promise<void>
}

/** Listens on a free port where none is given. */
export async function startServer(editorsKey: string, port = 0): Promise<Running> {
  const magpie = createMagpie(editorsKey)
  const app = Fastify({
    serverFactory: (handler) =>
      createServer((request, response) => {
        if (!magpie.api(request, response)) handler(request, response)
      }),
  })
  magpie.attach(app.server)

  app.get("/", async () => "the front page")
  app.post<{ Body: { title: string } }>("/headlines", async (request, reply) => {
    const { position } = await magpie.channel("news/today").publish("headline", { title: request.body.title })
    return reply.status(201).send({ offset: position.offset })
  })

  await app.listen({ port, host: "127.0.0.1" })
  return {
    http: app.server,
    async close() {
      await magpie.close()
      await app.close()
    },
  }
}
