/** Where a service runs, and what differs from its usual settings. */
export interface Place {
  readonly port: number
  readonly directory: string
  readonly settings?: Readonly<Record<string, string>>
}

/** A broker or a load balancer that may be installed here. */
export interface Service {
  readonly name: string
  readonly title: string
  missing(): string | undefined
}

export interface Running {
  readonly pid: number
  readonly ended: Promise<void>
}

/** What starts and stops services as processes. */
export interface Processes {
  startService(service: Service, place: Place): Promise<Running>
  signal(pid: number, name: NodeJS.Signals): boolean
  freePort(): Promise<number>
}

/** Seen from the source, or from where the build puts it. */
const ROOT = new URL(import.meta.url.includes("/dist/") ? "../../../" : "../../", import.meta.url)

const script = (name: string) => import(new URL(`scripts/services/${name}.mjs`, ROOT).href)

export const processes = (): Promise<Processes> => script("service")

export async function serviceOf(name: string): Promise<Service> {
  return (await script(name))[name]
}
