import { anything, type Infer, integer, object } from "../shape.ts"

/** The name under which editors of a document show where they are. Nothing of it is stored. */
export const AWARENESS = "$awareness"

/**
 * Both ways, as the data of a message of the name `$awareness`: what one client of Yjs shows of itself, null where it is gone. Of two
 * the one with the higher `clock` counts.
 */
export const awarenessData = object({ client: integer(0), clock: integer(0), state: anything })
export type AwarenessData = Infer<typeof awarenessData>
