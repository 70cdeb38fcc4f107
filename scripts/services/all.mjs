import { haproxy } from "./haproxy.mjs"
import { kafka } from "./kafka.mjs"
import { nats } from "./nats.mjs"
import { nginx } from "./nginx.mjs"
import { rabbitmq } from "./rabbitmq.mjs"
import { redis } from "./redis.mjs"

/** @type {readonly import("./service.mjs").Service[]} */
export const SERVICES = [redis, nats, rabbitmq, kafka, nginx, haproxy]
