export type { Row, Table, TableChange, TableEvents, TableOptions, TableState, WriteOptions } from "./table.ts"
export { table } from "./table.ts"
