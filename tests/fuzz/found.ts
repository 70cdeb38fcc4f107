/** An input that once broke a promise. */
export interface Found {
  readonly what: string
  readonly target: string
  readonly input: string
}

/** Inputs that mutation found, shrunk. They are fed again with every run. */
export const FOUND: readonly Found[] = [
  {
    what: "a close's hint beyond 2^53, which was read as a number that cannot be written again",
    target: "close-reason",
    input: ";retryAfterMs=9999999999999999",
  },
  {
    what: "a pong whose position is no number, which threw in a timer of the client",
    target: "client-session",
    input: '{"type":"pong","ahead":{"chat/lobby":{"epoch":"e1","offset":{"toString":1}}}}',
  },
  {
    what: "a frame of empty lines, each of which was refused at the price of two errors",
    target: "server-frame",
    input: "\n".repeat(1_023),
  },
  {
    what: "a visit of line feeds, each of which was refused at the price of an error, before anybody was let in",
    target: "visit-body",
    input: `{"type":"hello"}${"\n".repeat(262_000)}`,
  },
  {
    what: "a message of another node without the field that its kind has, which threw in a listener of the bus",
    target: "bus-presence",
    input: '{"node":"b","kind":"bucket","index":0,"of":1,"revision":1}\n{"node":"b","kind":"digest"}',
  },
  {
    what: "a member's state that is no JSON, which ended the connection of everybody who watched the room",
    target: "bus-presence",
    input: '{"node":"b","kind":"delta","put":[["m1",null,5,1,1,"{"]],"bye":[]}',
  },
  {
    what: "a broadcast of another node whose time is none",
    target: "bus-broadcast",
    input: '["00ff",1,"move",null,null,null]\n1',
  },
  {
    what: "an outbox whose owner has a producer that no server takes, with which the client never connected again",
    target: "device-rows",
    input: JSON.stringify({
      outbox: [
        ["owner", { version: 1, producer: "p".repeat(65), session: "s1" }],
        ["message/000000000001", { id: "m1", channel: "chat/lobby", message: { name: "say", data: 1, ref: "r1" }, at: 1_767_225_600_000 }],
      ],
      inbox: [["chat/lobby\n", { epoch: "e1", offset: "2" }]],
    }),
  },
]
