// An invoice and its payment, with Node 18 or newer alone.
//   . .local/env; export BUGALOU_URL BUGALOU_API_KEY; node client.mjs 2026-042
const { BUGALOU_URL: url, BUGALOU_API_KEY: key } = process.env;
const number = process.argv[2];
const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, 1000 * seconds));

// Sends an order; gives it as it is stored, or as it was accepted where storing takes longer than 10 seconds.
async function send(order, idempotencyKey) {
  for (let attempt = 0; attempt < 6; attempt++) {
    let response;
    try {
      response = await fetch(`${url}/api/v1/orders`, {
        method: "POST",
        headers: {
          "X-API-Key": key,
          "Content-Type": "application/json",
          // The same request again, after a broken connection, counts once.
          "Idempotency-Key": idempotencyKey,
          Prefer: "wait=10",
        },
        body: JSON.stringify(order),
        signal: AbortSignal.timeout(20_000),
      });
    } catch {
      await pause(2 ** attempt);
      continue;
    }
    if (response.ok) return (await response.json()).order;
    // `errors` names each fault with its place in the body.
    if (response.status !== 429 && response.status !== 503) throw new Error(await response.text());
    await pause(Number(response.headers.get("Retry-After") ?? 1));
  }
  throw new Error("not taken after six attempts");
}

const invoice = {
  orderStatus: "processing", paymentStatus: "pending", customerEmail: "klant@bedrijf.nl", customerName: "De Groot",
  total: "2950.00", currency: "EUR", items: [{ name: "Ontwerp", price: "2950.00" }],
};
const payment = { orderStatus: "delivered", paymentStatus: "paid", amountPaid: "2950.00" };
for (const [name, change] of Object.entries({ invoice, payment })) {
  console.log(JSON.stringify(await send({ platform: "example", orderNumber: number, ...change }, `${number}-${name}`)));
}
