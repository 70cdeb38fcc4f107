import { append } from "./append/append.mjs"
import { cluster } from "./cluster/cluster.mjs"
import { codecs } from "./codec/codec.mjs"
import { commandCalls } from "./command/calls.mjs"
import { commandFaults } from "./command/faults.mjs"
import { durable } from "./durable/durable.mjs"
import { echo } from "./echo/echo.mjs"
import { fanout } from "./fanout/fanout.mjs"
import { http } from "./http/http.mjs"
import { idle } from "./idle/idle.mjs"
import { presence } from "./presence/presence.mjs"
import { clientSize, persistentSize, supportWidgetSize } from "./size/size.mjs"
import { tableAtTwoHertz, tableForMany } from "./table/table.mjs"
import { transports } from "./transports/transports.mjs"

/**
 * @typedef {object} Benchmark
 * @property {string} name
 * @property {number} [maxMs] how long the whole of it may take, where that is longer than for most
 * @property {(how: { quick: boolean }) => Promise<import("./harness/figures.mjs").Figure[]>} run
 */

/** @type {readonly Benchmark[]} */
export const benchmarks = [
  fanout(32),
  fanout(1),
  echo,
  http,
  idle,
  presence,
  durable,
  append,
  cluster,
  commandCalls,
  commandFaults,
  tableAtTwoHertz,
  tableForMany,
  transports,
  codecs,
  clientSize,
  persistentSize,
  supportWidgetSize,
]
