/**
 * Each partition is a stream whose ids are `life-number`. The life is drawn when the stream is made, so records of a log that
 * was thrown away and begun anew can never be taken for those of the old one. KEYS[1] is a hash with the lives, KEYS[2] the
 * stream; ARGV[1] is the partition.
 */

/** Makes the stream where there is none. Returns its life. */
export const OPEN = `
local life = redis.call('HGET', KEYS[1], ARGV[1])
if redis.call('EXISTS', KEYS[2]) == 1 then
  if life then return life end
  local last = redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1]
  if last then
    life = string.match(last[1], '^%d+')
    redis.call('HSET', KEYS[1], ARGV[1], life)
    return life
  end
end
local time = redis.call('TIME')
local now = time[1] .. string.format('%06d', tonumber(time[2]))
if life and tonumber(life) >= tonumber(now) then now = string.format('%.0f', tonumber(life) + 1000000) end
redis.call('DEL', KEYS[2])
redis.call('XGROUP', 'CREATE', KEYS[2], 'new', '0', 'MKSTREAM')
redis.call('XGROUP', 'DESTROY', KEYS[2], 'new')
redis.call('HSET', KEYS[1], ARGV[1], now)
return now`

/** ARGV[2] is the life, what follows are records. All of them land, or none. Returns 0 where the life is over. */
export const APPEND = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] or redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
for index = 3, #ARGV do redis.call('XADD', KEYS[2], ARGV[2] .. '-*', 'r', ARGV[index]) end
return 1`

/** Returns life, oldest id and the id that was given last; an empty list where there is no log. */
export const PLACE = `
local life = redis.call('HGET', KEYS[1], ARGV[1])
if not life or redis.call('EXISTS', KEYS[2]) == 0 then return {} end
local info = redis.call('XINFO', 'STREAM', KEYS[2])
local last = ''
for index = 1, #info, 2 do
  if info[index] == 'last-generated-id' then last = info[index + 1] end
end
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
return { life, first and first[1] or '', last }`
