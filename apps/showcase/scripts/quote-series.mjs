// Makes src/quotes/series/series.json from the package vega-datasets: the months and days that the share quotes replay.
import { readFileSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

const FIRST_MONTH = "2004-08"
const LAST_MONTH = "2010-02"
const SHARES = ["MSFT", "AAPL", "IBM", "AMZN", "GOOG"]
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
const TARGET = fileURLToPath(new URL("../src/quotes/series/series.json", import.meta.url))

const data = join(dirname(createRequire(import.meta.url).resolve("vega-datasets")), "..", "data")

/** Lines of a CSV file without quotes, its head left out. */
const linesOf = (/** @type {string} */ file) =>
  readFileSync(join(data, file), "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(","))

/** `2004-08` of `Aug 1 2004`. */
function monthOf(/** @type {string} */ date) {
  const [name = "", , year] = date.split(" ")
  return `${year}-${String(MONTHS.indexOf(name) + 1).padStart(2, "0")}`
}

const cents = (/** @type {string | undefined} */ text) => Math.round(Number(text) * 100) / 100

/** What series.json says. */
export function makeSeries() {
  const closes = linesOf("stocks.csv")
  const isWanted = (/** @type {string} */ month) => month >= FIRST_MONTH && month <= LAST_MONTH
  const days = linesOf("sp500-2000.csv")
    .map(([date = "", ...prices]) => ({ date, prices: prices.slice(0, 4).map(cents) }))
    .filter(({ date }) => isWanted(date.slice(0, 7)))
  const lastOfFirst = days.findLastIndex(({ date }) => date.startsWith(FIRST_MONTH))
  return {
    source: "vega-datasets: stocks.csv (monthly closes of five shares), sp500-2000.csv (daily open, high, low and close of the S&P 500)",
    license: "BSD-3-Clause, https://github.com/vega/vega-datasets",
    shares: Object.fromEntries(
      SHARES.map((share) => [
        share,
        closes.flatMap(([symbol, date = "", price]) => (symbol === share && isWanted(monthOf(date)) ? [cents(price)] : [])),
      ]),
    ),
    // The first day is the last one of the first month: what the months after it begin from.
    days: days.slice(lastOfFirst).map(({ date, prices }) => [Number(date.replaceAll("-", "")), ...prices]),
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TARGET, `${JSON.stringify(makeSeries())}\n`)
