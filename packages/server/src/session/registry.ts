import type { Connection } from "./connection.ts"

/** Who is here: every connection by its id, address, user, session and producer. */
export interface Registry {
  readonly size: number
  add(connection: Connection): void
  /** Takes the place of an earlier connection of the same session, which is returned. */
  opened(connection: Connection): Connection | undefined
  remove(connection: Connection): void
  get(id: string): Connection | undefined
  ofUser(user: string): Iterable<Connection>
  countOfUser(user: string): number
  ofSession(session: string): Connection | undefined
  countFrom(address: string): number
  /** The session that uses this producer now. */
  sessionOfProducer(producer: string): string | undefined
  all(): Iterable<Connection>
}

export function createRegistry(): Registry {
  const byId = new Map<string, Connection>()
  const bySession = new Map<string, Connection>()
  const byProducer = new Map<string, Connection>()
  const byUser = new Map<string, Set<Connection>>()
  const fromAddress = new Map<string, number>()

  function dropIfOwn(map: Map<string, Connection>, key: string, connection: Connection): void {
    if (map.get(key) === connection) map.delete(key)
  }

  return {
    get size() {
      return byId.size
    },
    add(connection) {
      byId.set(connection.id, connection)
      const { address } = connection.request
      fromAddress.set(address, (fromAddress.get(address) ?? 0) + 1)
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
      const { address } = connection.request
      const left = (fromAddress.get(address) ?? 1) - 1
      if (left > 0) fromAddress.set(address, left)
      else fromAddress.delete(address)
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
    countFrom: (address) => fromAddress.get(address) ?? 0,
    sessionOfProducer: (producer) => byProducer.get(producer)?.open?.session,
    all: () => byId.values(),
  }
}
