-- Real venues: what they call a market, positions of both sides where they do not net, fills that may be taken back.

ALTER TABLE markets ADD COLUMN native text;
COMMENT ON COLUMN markets.native IS 'What the venue itself calls it (condition id, index); null: the symbol.';

-- The venue's id of an order may be known before it is sent (a digest): whether the venue has it is a word of its own.
ALTER TABLE orders ADD COLUMN acknowledged boolean NOT NULL DEFAULT false;
UPDATE orders SET acknowledged = true WHERE venue_order_id IS NOT NULL;
COMMENT ON COLUMN orders.acknowledged IS 'The venue has said that it has the order.';
COMMENT ON COLUMN orders.venue_order_id IS 'The venue''s id; stored before the order is sent where it is known by then.';

-- Where a venue does not net, YES and NO of a market are two positions. One side is still one net position; `turret doctor` knows who nets.
DROP INDEX orders_one_open;
CREATE UNIQUE INDEX orders_one_open ON orders (account_id, strategy, market_id, side) WHERE status = 'OPEN';

ALTER TABLE orders ADD COLUMN reversed_quantity numeric(18,6) NOT NULL DEFAULT 0;
COMMENT ON COLUMN orders.reversed_quantity IS 'Executed, but never settled: part of neither filled_quantity nor of what still works. A final state stays.';
COMMENT ON TABLE fills IS 'Executions, once each whatever is replayed; a fill that passes through zero is two legs. Finality changes, and realized_pnl when a fill before it is taken back.';
COMMENT ON COLUMN fills.finality IS 'provisional until the venue has settled it; reversed: it never happened and counts nowhere, its cash is back in the ledger.';

ALTER TABLE automation_history DROP CONSTRAINT automation_history_kind_check;
ALTER TABLE automation_history ADD CONSTRAINT automation_history_kind_check CHECK (kind IN ('sniper', 'alert', 'follow', 'exit', 'risk', 'account'));
COMMENT ON TABLE automation_history IS 'What happened to watches, follows, exits, limits and accounts (live or not, fills taken back, differences to the venue); append-only.';
COMMENT ON COLUMN automation_history.automation_id IS 'By kind: watches.id, follows.id, the position''s orders.id, or accounts.id.';
