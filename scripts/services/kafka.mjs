import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { homedir, tmpdir } from "node:os"
import { join } from "node:path"
import { find, installPackages, run } from "./packages.mjs"
import { freePort, probe } from "./service.mjs"

const VERSION = "4.0.0"
const LOGGER_VERSION = "1.7.36"
const JARS = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "magpie-services", `kafka-${VERSION}`)
/** A small machine runs it beside other things. */
const JAVA = ["-Xms64m", "-Xmx320m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
const CLUSTER_ID = "bWFncGllLXNlcnZpY2VzMQ"
/** A request for the versions that it knows: length, api key 18, version 0, correlation 1, no client id. */
const GREETING = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])

/** @type {import("./service.mjs").Service} */
export const kafka = {
  name: "kafka",
  title: "Kafka",
  missing() {
    if (find("java") === undefined) return "Java is not installed, which Kafka needs (Debian's package openjdk-17-jre-headless)"
    return existsSync(JARS) ? undefined : `Kafka ${VERSION} is not installed (from Maven Central, into ${JARS})`
  },
  install() {
    const wanted = [find("java") === undefined ? "openjdk-17-jre-headless" : "", find("mvn") === undefined ? "maven" : ""].filter(Boolean)
    if (wanted.length > 0) installPackages(wanted)
    if (!existsSync(JARS)) fetchJars()
  },
  /** Listeners among the settings come beside the usual ones. */
  async launch({ port, directory, settings: { listeners, "advertised.listeners": advertised, ...settings } = {} }) {
    const data = join(directory, "data")
    const controller = await freePort()
    const all = {
      ...{ "process.roles": "broker,controller", "node.id": "1", "log.dirs": data },
      listeners: [`PLAINTEXT://127.0.0.1:${port}`, `CONTROLLER://127.0.0.1:${controller}`, ...(listeners ? [listeners] : [])].join(),
      "advertised.listeners": [`PLAINTEXT://127.0.0.1:${port}`, ...(advertised ? [advertised] : [])].join(),
      "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,RELAYED:PLAINTEXT,CONTROLLER:PLAINTEXT",
      "controller.quorum.voters": `1@127.0.0.1:${controller}`,
      ...{ "controller.listener.names": "CONTROLLER", "inter.broker.listener.name": "PLAINTEXT" },
      ...{ "offsets.topic.replication.factor": "1", "offsets.topic.num.partitions": "1", "group.initial.rebalance.delay.ms": "0" },
      ...{ "transaction.state.log.replication.factor": "1", "transaction.state.log.min.isr": "1" },
      // After a kill it may come back as soon as the controller has noticed.
      ...{ "broker.session.timeout.ms": "2000", "broker.heartbeat.interval.ms": "500" },
      "auto.create.topics.enable": "false",
      ...settings,
    }
    const file = join(directory, "server.properties")
    const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(file, lines.join(""))
    const java = (/** @type {readonly string[]} */ ...args) => [...JAVA, "-cp", join(JARS, "*"), ...args]
    if (!existsSync(join(data, "meta.properties"))) {
      mkdirSync(data, { recursive: true })
      const { status, stdout, stderr } = spawnSync("java", java("kafka.tools.StorageTool", "format", "-t", CLUSTER_ID, "-c", file), {
        encoding: "utf8",
      })
      if (status !== 0) throw new Error(`Kafka's storage could not be made:\n${stdout}${stderr}`)
    }
    return { command: find("java") ?? "java", args: java("kafka.Kafka", file) }
  },
  answers: (port) => probe(port, GREETING, (answer) => answer.length >= 8 && answer.readInt32BE(4) === 1),
}

/** All at once or not at all, so that half a download does not count. */
function fetchJars() {
  const work = mkdtempSync(join(tmpdir(), "magpie-kafka-"))
  const dependency = (/** @type {string} */ group, /** @type {string} */ name, /** @type {string} */ version) =>
    `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`
  try {
    const pom = join(work, "pom.xml")
    const wanted = dependency("org.apache.kafka", "kafka_2.13", VERSION) + dependency("org.slf4j", "slf4j-simple", LOGGER_VERSION)
    const head = "<modelVersion>4.0.0</modelVersion><groupId>magpie</groupId><artifactId>services</artifactId><version>1</version>"
    writeFileSync(pom, `<project>${head}<dependencies>${wanted}</dependencies></project>\n`)
    run(["mvn", "-q", "-B", "-f", pom, "dependency:copy-dependencies", `-DoutputDirectory=${join(work, "jars")}`, "-DincludeScope=runtime"])
    if (readdirSync(join(work, "jars")).length === 0) throw new Error("Maven brought no jars")
    mkdirSync(join(JARS, ".."), { recursive: true })
    run(["cp", "-r", join(work, "jars"), `${JARS}.part`])
    renameSync(`${JARS}.part`, JARS)
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
