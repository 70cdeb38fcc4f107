import { Icon, useStore } from "@magpie/frame"
import { useConnection } from "../connection/connection-context.ts"
import { useLanguage } from "../language/language.ts"
import { addressOfRoom } from "../route.ts"
import { NameField } from "./name-field.tsx"
import { NewRoom } from "./new-room.tsx"
import { FIRST_ROOM } from "./rooms.ts"
import { useUnread } from "./use-unread.ts"

interface RoomListProps {
  readonly shown: string
  readonly onChoose?: () => void
}

export function RoomList({ shown, onChoose }: RoomListProps) {
  const { words } = useLanguage()
  const { rooms } = useConnection()
  const names = useStore(rooms.names)
  return (
    <nav className="room-list" aria-label={words.rooms.label}>
      <h2 className="section-title">{words.rooms.label}</h2>
      <ul>
        {names.map((name) => (
          <RoomLink key={name} name={name} shown={name === shown} onChoose={onChoose} />
        ))}
      </ul>
      <NewRoom onChoose={onChoose} />
      <NameField />
    </nav>
  )
}

interface RoomLinkProps {
  readonly name: string
  readonly shown: boolean
  readonly onChoose: (() => void) | undefined
}

function RoomLink({ name, shown, onChoose }: RoomLinkProps) {
  const { words, formats } = useLanguage()
  const { rooms } = useConnection()
  const unread = useUnread(rooms.room(name), shown)
  const title = words.rooms.given[name] ?? name

  const leave = () => {
    if (shown) location.hash = addressOfRoom(FIRST_ROOM)
    rooms.leave(name)
  }

  return (
    <li className={shown ? "room shown" : "room"}>
      <a href={addressOfRoom(name)} aria-current={shown ? "page" : undefined} onClick={onChoose}>
        <span className="room-name">{title}</span>
        {unread > 0 && (
          <span className="unread">
            <span aria-hidden="true">{formats.number(unread)}</span>
            <span className="visually-hidden">{words.rooms.unread(formats.number(unread))}</span>
          </span>
        )}
      </a>
      {!rooms.isGiven(name) && (
        <button type="button" className="button quiet square small leave" aria-label={words.rooms.leave(title)} onClick={leave}>
          <Icon name="close" />
        </button>
      )}
    </li>
  )
}
