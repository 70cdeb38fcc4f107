/** The name under which a write of a table's row is published. No message of a contract can have it. */
export const ROW = "$row"
