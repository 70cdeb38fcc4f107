#!/bin/sh
# A back end that is a shell script. Run it with MAGPIE_URL=http://localhost:8080 and MAGPIE_KEY=<an API key>.
set -eu
api="$MAGPIE_URL/magpie/api/v1"

# curl sends a request again when it could not connect or was told to wait (408, 429, 5xx); the key makes that safe.
ask() {
  path=$1
  shift
  curl --silent --show-error --max-time 30 --retry 5 --retry-connrefused \
    --header "X-Api-Key: $MAGPIE_KEY" --header "Content-Type: application/json" "$@" "$api$path"
  echo
}

# Whether it wants work: fails where it does not.
curl --silent --show-error --fail "$api/ready"
echo

# One message. Sent a second time with the same key, it is stored once: the answer says "duplicate": true.
order='{"channel":"orders/ann","name":"shipped","data":{"order":17,"parcel":"TW-1"}}'
ask /publish --header "Idempotency-Key: order-17-shipped" --data "$order"
ask /publish --header "Idempotency-Key: order-17-shipped" --data "$order"

# Several in one request.
ask /publish/batch --data '{"messages":[
  {"channel":"orders/ann","name":"shipped","data":{"order":18,"parcel":"TW-2"}},
  {"channel":"orders/ann","name":"shipped","data":{"order":19,"parcel":"TW-2"}}
]}'

# A command, whose answer waits for its end. Sent a second time under its id, it is not done again.
label='{"channel":"printer/desk","name":"label","input":{"parcel":"TW-1"},"id":"label-17","waitMs":20000}'
ask /commands --data "$label"
ask /commands --data "$label"

# The newest two.
ask "/history?channel=orders/ann&limit=2"

# Who of ann's is connected.
ask "/connections?user=ann"
