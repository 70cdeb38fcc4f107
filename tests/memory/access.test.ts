import { accessSuite } from "../access-suite/access-suite.ts"
import { DOORS } from "../access-suite/doors.ts"

for (const door of DOORS) accessSuite(door)
