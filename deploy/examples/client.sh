#!/bin/sh
# An invoice and its payment, with curl alone:   . .local/env; export BUGALOU_URL BUGALOU_API_KEY; sh client.sh 2026-042
set -eu
number=$1

# send NAME BODY: 429 and 503 say when to come back, and a connection may break; with an Idempotency-Key it counts once all
# the same. Waits up to 10 seconds for the order to be stored; after that, a 202 still means that nothing is lost.
send() {
  curl --silent --show-error --fail-with-body --retry 5 --retry-connrefused --max-time 20 "$BUGALOU_URL/api/v1/orders" \
    --header "X-API-Key: $BUGALOU_API_KEY" --header 'Content-Type: application/json' \
    --header "Idempotency-Key: $number-$1" --header 'Prefer: wait=10' --data "$2"
  echo
}

send invoice '{"platform": "example", "orderNumber": "'"$number"'", "orderStatus": "processing", "paymentStatus": "pending",
  "customerEmail": "klant@bedrijf.nl", "customerName": "De Groot", "total": "2950.00", "currency": "EUR",
  "items": [{"name": "Ontwerp", "price": "2950.00"}]}'
send payment '{"platform": "example", "orderNumber": "'"$number"'", "orderStatus": "delivered", "paymentStatus": "paid",
  "amountPaid": "2950.00"}'
