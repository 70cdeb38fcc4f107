import type { Connection } from "./connection.ts"

/** Who is here: every connection by its id, address, user, session and producer. */
export interface Registry {
  /** Connections that were welcomed. */
  readonly openSize: number
  /** Everybody who has a name, with their connections. */
  readonly users: ReadonlyMap<string, ReadonlySet<Connection>>
  add(connection: Connection): void
  /** Takes the place of an earlier connection of the same session, which is returned. */
  opened(connection: Connection): Connection | undefined
  remove(connection: Connection): void
  get(id: string): Connection | undefined
  ofUser(user: string): Iterable<Connection>
  countOfUser(user: string): number
  ofSession(session: string): Connection | undefined
  /** Who uses this producer now. */
  ofProducer(producer: string): Connection | undefined
  all(): Iterable<Connection>
}

export function createRegistry(): Registry {
  const byId = new Map<string, Connection>()
  const bySession = new Map<string, Connection>()
  const byProducer = new Map<string, Connection>()
  const byUser = new Map<string, Set<Connection>>()

  function dropIfOwn(map: Map<string, Connection>, key: string, connection: Connection): void {
    if (map.get(key) === connection) map.delete(key)
  }

  return {
    get openSize() {
      return bySession.size
    },
    users: byUser,
    add(connection) {
      byId.set(connection.id, connection)
    },
    opened(connection) {
      const { open, userId } = connection
      if (open === undefined) return undefined
      const replaced = bySession.get(open.session)
      bySession.set(open.session, connection)
      byProducer.set(open.producer, connection)
      if (userId !== undefined) {
        const connections = byUser.get(userId)
        if (connections) connections.add(connection)
        else byUser.set(userId, new Set([connection]))
      }
      connection.registered = { session: open.session, producer: open.producer, user: userId }
      return replaced
    },
    remove(connection) {
      if (!byId.delete(connection.id)) return
      const { registered } = connection
      if (registered === undefined) return
      dropIfOwn(bySession, registered.session, connection)
      dropIfOwn(byProducer, registered.producer, connection)
      const connections = registered.user === undefined ? undefined : byUser.get(registered.user)
      connections?.delete(connection)
      if (registered.user !== undefined && connections?.size === 0) byUser.delete(registered.user)
    },
    get: (id) => byId.get(id),
    ofUser: (user) => byUser.get(user) ?? [],
    countOfUser: (user) => byUser.get(user)?.size ?? 0,
    ofSession: (session) => bySession.get(session),
    ofProducer: (producer) => byProducer.get(producer),
    all: () => byId.values(),
  }
}
