export type { PartialTable, Row, Table, TableChange, TableEvents, TableOptions, TableRate, TableState, WriteOptions } from "./table.ts"
export { table } from "./table.ts"
