/** Where a client keeps the name of the transport that worked last. */
export interface TransportMemory {
  read(): string | undefined
  /** Undefined: nothing but the first choice. */
  write(name: string | undefined): void
}
