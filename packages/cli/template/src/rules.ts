import { anonymous } from "@magpie/server"

/** Who is on the other side. Everybody, until you put jwt({ … }) here. */
export const auth = anonymous()

/** Who may do what; a channel without rules is closed to everybody. */
export const channels = {
  "chat/:room": {
    authorize: ({ params, action }: { params: { room: string }; action: string }) =>
      params.room !== "announcements" || action !== "publish",
  },
  "typing/:room": { authorize: () => true },
}
