CREATE TABLE orders (
    platform text NOT NULL,
    order_number text NOT NULL,
    order_status text NOT NULL,
    payment_status text,
    payment_method text,
    customer_email text,
    customer_name text,
    items jsonb,
    total numeric,
    currency text,
    amount_paid numeric,
    invoice_number text,
    invoice_url text,
    metadata jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (platform, order_number)
);
