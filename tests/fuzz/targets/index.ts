import type { Target } from "../target.ts"
import { capabilityClaims, tickets } from "./access.ts"
import { binaryClientFrame, binaryServerFrame } from "./binary-frames.ts"
import { busBroadcasts, busPresence } from "./bus.ts"
import { clientFrame } from "./client-frame.ts"
import { clientLinks } from "./client-links.ts"
import { clientSession } from "./client-session.ts"
import { closeReasons } from "./close-reason.ts"
import { deviceRows, rowFile } from "./device-rows.ts"
import { eventStream } from "./event-stream.ts"
import { handshake } from "./handshake.ts"
import { apiBodies, apiQueries } from "./http-api.ts"
import { httpTarget, postBody, visitBody } from "./http-requests.ts"
import { httpServer } from "./http-server.ts"
import { tokens } from "./jwt.ts"
import { keySet } from "./key-set.ts"
import { channelName, pattern } from "./names.ts"
import { clientOptions, serverOptions } from "./options.ts"
import { createPositions } from "./positions.ts"
import { records } from "./records.ts"
import { memoryKeys, rows } from "./rows.ts"
import { serverConnection } from "./server-connection.ts"
import { serverFrame } from "./server-frame.ts"
import { sessionToken } from "./session-token.ts"
import { snapshots } from "./snapshots.ts"
import { storageDamage } from "./storage-damage.ts"

let made: Promise<readonly Target[]> | undefined

/** Everything that reads what others wrote. */
export function allTargets(): Promise<readonly Target[]> {
  made ??= makeTargets()
  return made
}

async function makeTargets(): Promise<readonly Target[]> {
  return [
    serverFrame,
    clientFrame,
    serverConnection,
    clientSession,
    clientLinks,
    eventStream,
    closeReasons,
    sessionToken,
    tokens,
    keySet,
    tickets,
    capabilityClaims,
    apiBodies,
    apiQueries,
    httpTarget,
    postBody,
    visitBody,
    httpServer,
    handshake,
    channelName,
    pattern,
    await createPositions(),
    serverOptions,
    clientOptions,
    rows,
    memoryKeys,
    records,
    busBroadcasts,
    busPresence,
    storageDamage,
    snapshots,
    rowFile,
    deviceRows,
    binaryServerFrame,
    binaryClientFrame,
  ]
}
