import { deliverySuite } from "../transport-suite/delivery-suite.ts"
import { WAYS } from "../transport-suite/ways.ts"

for (const way of WAYS) deliverySuite(way)
