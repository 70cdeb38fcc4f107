import { deliverySuite } from "../transport-suite/delivery-suite.ts"
import { BINARY, WAYS } from "../transport-suite/ways.ts"

for (const way of [...WAYS, BINARY]) deliverySuite(way)
