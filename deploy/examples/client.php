<?php
// An invoice and its payment, with PHP 8 and its curl extension.
//   . .local/env; export BUGALOU_URL BUGALOU_API_KEY; php client.php 2026-042
declare(strict_types=1);

/** Sends an order; returns it as it is stored, or as it was accepted where storing takes longer than 10 seconds. */
function send(array $order, string $idempotencyKey): array
{
    for ($attempt = 0; $attempt < 6; $attempt++) {
        $again = 2 ** $attempt;
        $request = curl_init(getenv('BUGALOU_URL') . '/api/v1/orders');
        curl_setopt_array($request, [
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => 20,
            CURLOPT_POSTFIELDS => json_encode($order, JSON_THROW_ON_ERROR),
            CURLOPT_HTTPHEADER => [
                'X-API-Key: ' . getenv('BUGALOU_API_KEY'),
                'Content-Type: application/json',
                // The same request again, after a broken connection, counts once.
                'Idempotency-Key: ' . $idempotencyKey,
                'Prefer: wait=10',
            ],
            CURLOPT_HEADERFUNCTION => function ($_, string $line) use (&$again): int {
                if (preg_match('/^retry-after:\s*(\d+)/i', $line, $found)) {
                    $again = (int) $found[1];
                }
                return strlen($line);
            },
        ]);
        $body = curl_exec($request);
        $status = curl_getinfo($request, CURLINFO_RESPONSE_CODE);
        if ($body !== false && $status < 300) {
            return json_decode($body, true, flags: JSON_THROW_ON_ERROR)['order'];
        }
        // `errors` names each fault with its place in the body.
        if ($body !== false && !in_array($status, [429, 503], true)) {
            throw new RuntimeException($body);
        }
        sleep($again);
    }
    throw new RuntimeException('not taken after six attempts');
}

$number = $argv[1];
$changes = [
    'invoice' => [
        'orderStatus' => 'processing', 'paymentStatus' => 'pending', 'customerEmail' => 'klant@bedrijf.nl',
        'customerName' => 'De Groot', 'total' => '2950.00', 'currency' => 'EUR',
        'items' => [['name' => 'Ontwerp', 'price' => '2950.00']],
    ],
    'payment' => ['orderStatus' => 'delivered', 'paymentStatus' => 'paid', 'amountPaid' => '2950.00'],
];
foreach ($changes as $name => $change) {
    echo json_encode(send(['platform' => 'example', 'orderNumber' => $number] + $change, "$number-$name")), "\n";
}
