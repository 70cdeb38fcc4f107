/** What applications send, each as one message's data. */
export const shapes = {
  chat: { text: "The nine o'clock train is late again 🚆 — meet at the second door? 我在第二個門口等你。", room: "lobby" },
  cursor: { x: 412, y: 1_033, page: 3 },
  quotes: Array.from({ length: 20 }, (_, index) => ({
    symbol: `S${100 + index}`,
    bid: 101.25 + index / 8,
    ask: 101.5 + index / 8,
    volume: 12_000 * (index + 1),
    open: index % 2 === 0,
  })),
  readings: Array.from({ length: 200 }, (_, index) => Math.sin(index) * 1_000),
  counters: Array.from({ length: 200 }, (_, index) => (index * index * 7_919) % 60_000),
}
