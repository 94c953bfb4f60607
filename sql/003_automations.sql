-- What the desk does by itself: sniper orders and alerts (watches), followed traders, linked markets, and what happened to
-- all of them. Words are domains over text: checked, and read cheaply by the million. A null number is "not set".

CREATE DOMAIN watch_kind AS text CHECK (VALUE IN ('sniper', 'alert'));
-- What a firing writes is an enumeration: a domain's check is made ready anew for every statement.
CREATE TYPE watch_status AS ENUM ('WATCHING', 'EXECUTING', 'FILLED', 'EXPIRED', 'CANCELLED', 'FAILED');
CREATE DOMAIN watch_direction AS text CHECK (VALUE IN ('below', 'above'));
CREATE DOMAIN watch_figure AS text CHECK (VALUE IN ('bid', 'ask', 'mark', 'last', 'pnl', 'pnl%', 'equity', 'day', 'drawdown', 'exposure', 'failures',
                                                    'cost', 'age', 'down'));
CREATE DOMAIN trade_side AS text CHECK (VALUE IN ('yes', 'no', 'long', 'short'));
CREATE DOMAIN trade_action AS text CHECK (VALUE IN ('buy', 'sell'));
CREATE DOMAIN follow_kind AS text CHECK (VALUE IN ('copy', 'counter'));
CREATE DOMAIN follow_strategy AS text CHECK (VALUE IN ('inverse', 'mirror'));
CREATE DOMAIN follow_sizing AS text CHECK (VALUE IN ('fixed', 'percentage', 'multiplier'));
CREATE DOMAIN follow_exit AS text CHECK (VALUE IN ('mirror', 'manual'));
CREATE DOMAIN follow_status AS text CHECK (VALUE IN ('detected', 'executed', 'failed', 'skipped'));

CREATE TABLE watches (
    id            bigint PRIMARY KEY,
    -- what a firing changes comes first and is in no index: little to log, quick to find in a row
    status        watch_status NOT NULL,
    armed         boolean NOT NULL,
    away          boolean NOT NULL,
    fires         integer NOT NULL,
    version       integer NOT NULL,
    order_id      bigint,
    spent         numeric(18,6),
    packed        bytea,
    kind          watch_kind NOT NULL,
    account_id    bigint,
    figure        watch_figure NOT NULL,
    subject       bigint  NOT NULL,
    direction     watch_direction NOT NULL,
    trigger_price numeric(18,6) NOT NULL,
    side          trade_side NOT NULL,
    action        trade_action NOT NULL,
    amount        numeric(18,6),
    slippage      numeric(5,4) NOT NULL,
    repeat        boolean NOT NULL,
    in_units      boolean NOT NULL,
    reduce_only   boolean NOT NULL,
    keep_armed    boolean NOT NULL,
    expires_at    timestamptz,
    hold_ms       bigint,
    max_age_ms    bigint,
    depth         numeric(18,6),
    budget        numeric(18,6),
    oco_id        bigint
) WITH (fillfactor = 90);
-- The whole row as a start reads it: numbers in network order, then the words. The desk writes it along with the row; a generated column
-- would do the same but costs every statement 150 us, because the server reads its expression anew each time.
CREATE FUNCTION watch_packed(w watches) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT
    int8send(w.id) || int8send(coalesce(w.account_id, 0)) || int8send(w.subject) || int8send((w.trigger_price * 1000000)::bigint)
    || int8send((coalesce(w.amount, 0) * 1000000)::bigint) || int8send((coalesce(w.budget, 0) * 1000000)::bigint)
    || int8send((coalesce(w.spent, 0) * 1000000)::bigint) || int8send((coalesce(w.depth, 0) * 1000000)::bigint)
    || timestamptz_send(coalesce(w.expires_at, '-infinity')) || int8send(coalesce(w.order_id, 0)) || int8send(coalesce(w.hold_ms, 0))
    || int8send(coalesce(w.max_age_ms, 0)) || int8send(coalesce(w.oco_id, 0)) || int4send((w.slippage * 10000)::integer) || int4send(w.fires)
    || int4send(w.version)
    || int4send(CASE WHEN w.armed THEN 1 ELSE 0 END + CASE WHEN w.repeat THEN 2 ELSE 0 END + CASE WHEN w.in_units THEN 4 ELSE 0 END
            + CASE WHEN w.reduce_only THEN 8 ELSE 0 END + CASE WHEN w.away THEN 16 ELSE 0 END + CASE WHEN w.keep_armed THEN 32 ELSE 0 END)
    || (w.kind || ' ' || w.status::text || ' ' || w.figure || ' ' || w.direction || ' ' || w.side || ' ' || w.action)::bytea
$$;
CREATE FUNCTION turret_pack() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.packed := watch_packed(NEW);
    RETURN NEW;
END $$;
-- What another hand writes is packed here. Not what a firing changes, which must be quick: a start looks at status and armed themselves.
CREATE TRIGGER watches_pack BEFORE INSERT ON watches FOR EACH ROW WHEN (NEW.packed IS NULL) EXECUTE FUNCTION turret_pack();
CREATE TRIGGER watches_repack BEFORE UPDATE OF kind, account_id, figure, subject, direction, trigger_price, side, action, amount, slippage, repeat, in_units,
    reduce_only, keep_armed, expires_at, hold_ms, max_age_ms, depth, budget, oco_id ON watches FOR EACH ROW WHEN (NEW.packed = OLD.packed)
    EXECUTE FUNCTION turret_pack();
COMMENT ON TABLE watches IS 'Sniper orders and alerts: a level of a figure that, when reached, does something once. One row each, finished ones stay.';
COMMENT ON COLUMN watches.id IS 'What a person types; from the same counter as orders.num.';
COMMENT ON COLUMN watches.subject IS 'By figure: markets.id, the position''s orders.id, accounts.id, models.id or the venue''s number.';
COMMENT ON COLUMN watches.trigger_price IS 'The level in the figure''s own unit: a price (of the own side), USD, ppm / 1000000, a count or ms.';
COMMENT ON COLUMN watches.amount IS 'Sniper: USD of one firing, or units of the market with in_units.';
COMMENT ON COLUMN watches.slippage IS 'At most that much worse than the price of the moment, and than the level: 0.02 = 2 %.';
COMMENT ON COLUMN watches.away IS 'Has fired and waits for the figure to leave the zone; keep_armed: a firing that filled nothing keeps it armed.';
COMMENT ON COLUMN watches.hold_ms IS 'How long the figure must stay in the zone; max_age_ms: the oldest data that may fire it.';
COMMENT ON COLUMN watches.depth IS 'Size that must be there within the slippage.';
COMMENT ON COLUMN watches.budget IS 'USD all firings together may spend; spent is what they have.';
COMMENT ON COLUMN watches.oco_id IS 'Partner: the first to fire cancels the other.';
COMMENT ON COLUMN watches.order_id IS 'The order of the last firing; orders.link_id (source sniper) is the way back.';
COMMENT ON COLUMN watches.version IS 'Grows by one with every change (16 bits, then from 0 again); an older one never overwrites a newer one.';
COMMENT ON COLUMN watches.packed IS 'The other columns in one value (watch_packed), for a fast start; null: the columns count. doctor compares them.';

CREATE TABLE follows (
    id              bigint PRIMARY KEY,
    kind            follow_kind NOT NULL,
    strategy        follow_strategy NOT NULL,
    sizing          follow_sizing NOT NULL,
    exit            follow_exit NOT NULL,
    account_id      bigint  NOT NULL,
    enabled         boolean NOT NULL,
    paused          boolean NOT NULL,
    deleted         boolean NOT NULL,
    baselined       boolean NOT NULL,
    venue           text    NOT NULL,
    target_wallet   text,
    target_model_id bigint,
    fixed_amount    numeric(18,6),
    multiplier      numeric(9,6),
    max_trade       numeric(18,6),
    max_position    numeric(18,6),
    max_day         numeric(18,6),
    daily_stop_loss numeric(18,6),
    min_liquidity   numeric(18,6),
    min_price       numeric(18,6),
    max_price       numeric(18,6),
    delay_ms        bigint  NOT NULL,
    max_age_ms      bigint  NOT NULL,
    max_day_trades  bigint,
    max_positions   bigint,
    stop_loss       numeric(10,4),
    take_profit     numeric(10,4),
    slippage        numeric(5,4) NOT NULL,
    categories      text,
    day             date    NOT NULL,
    day_trades      bigint  NOT NULL,
    day_volume      numeric(18,6) NOT NULL,
    day_pnl         numeric(18,6) NOT NULL,
    watermark_at    timestamptz,
    created_at      timestamptz NOT NULL,
    executed        bigint  NOT NULL,
    skipped         bigint  NOT NULL,
    failed          bigint  NOT NULL,
    version         integer NOT NULL
);
COMMENT ON TABLE follows IS 'Followed traders, copies and counter trades: whom, how large, within which bounds, and the day''s figures.';
COMMENT ON COLUMN follows.id IS 'What a person types; its orders have the strategy copy-ID or counter-ID and this as link_id.';
COMMENT ON COLUMN follows.strategy IS 'inverse takes the other side of every trade, mirror the same.';
COMMENT ON COLUMN follows.enabled IS 'A person''s word; paused is the day''s loss limit, until midnight UTC.';
COMMENT ON COLUMN follows.deleted IS 'The row stays for its history.';
COMMENT ON COLUMN follows.baselined IS 'The first poll is in: what is older was there before and is not followed.';
COMMENT ON COLUMN follows.target_model_id IS 'One of our own models; null: the wallet.';
COMMENT ON COLUMN follows.multiplier IS 'Of the target''s trade: 2 is twice, 0.5 half (50 percent).';
COMMENT ON COLUMN follows.stop_loss IS 'From the entry price: 0.05 = 5 %; take_profit and slippage likewise.';
COMMENT ON COLUMN follows.day IS 'The UTC day that day_trades, day_volume and day_pnl (realized less fees) are of.';
COMMENT ON COLUMN follows.watermark_at IS 'The newest trade of the target that was seen.';
COMMENT ON COLUMN follows.version IS 'As in watches.';

CREATE TABLE follow_trades (
    follow_id  bigint  NOT NULL,
    trade_id   text    NOT NULL,
    status     follow_status NOT NULL,
    reason     text,
    text       text,
    market_id  bigint  NOT NULL,
    side       trade_side NOT NULL,
    action     trade_action NOT NULL,
    price      numeric(18,6) NOT NULL,
    quantity   numeric(18,6) NOT NULL,
    our_side   trade_side NOT NULL,
    our_action trade_action NOT NULL,
    order_id   bigint,
    total      numeric(18,6),
    at         timestamptz NOT NULL,
    seen_at    timestamptz NOT NULL,
    due_at     timestamptz,
    version    bigint  NOT NULL,
    PRIMARY KEY (follow_id, trade_id)
);
CREATE INDEX follow_trades_seen ON follow_trades (seen_at);
CREATE INDEX follow_trades_detected ON follow_trades (follow_id) WHERE status = 'detected';
CREATE INDEX follow_trades_order ON follow_trades (order_id) WHERE order_id IS NOT NULL;
COMMENT ON TABLE follow_trades IS 'Trades of targets as each follow saw them: the key makes sure that each is followed once, whatever is told again.';
COMMENT ON COLUMN follow_trades.trade_id IS 'The venue''s id of the target''s trade.';
COMMENT ON COLUMN follow_trades.reason IS 'Why it was skipped or failed: a code of the desk, with its sentence in text.';
COMMENT ON COLUMN follow_trades.due_at IS 'When the delay is over.';
COMMENT ON COLUMN follow_trades.total IS 'USD that ours came to.';

CREATE TABLE market_links (
    id       bigint PRIMARY KEY,
    market_a bigint  NOT NULL,
    market_b bigint  NOT NULL,
    inverted boolean NOT NULL,
    origin   text    NOT NULL CHECK (origin IN ('hand', 'file')),
    deleted  boolean NOT NULL,
    note     text
);
COMMENT ON TABLE market_links IS 'Markets of two venues that pay for the same outcome: the router compares them.';
COMMENT ON COLUMN market_links.inverted IS 'YES of the one is NO of the other.';

CREATE TABLE automation_history (
    seq           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at            timestamptz NOT NULL,
    kind          text   NOT NULL CHECK (kind IN ('sniper', 'alert', 'follow', 'exit', 'risk')),
    automation_id bigint NOT NULL,
    what          text   NOT NULL,
    text          text,
    order_id      bigint,
    market_id     bigint
);
CREATE INDEX automation_history_of ON automation_history (automation_id, at);
COMMENT ON TABLE automation_history IS 'What happened to watches, follows, exits and limits; append-only.';
COMMENT ON COLUMN automation_history.automation_id IS 'By kind: watches.id, follows.id, or the position''s orders.id.';
CREATE TRIGGER automation_history_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON automation_history
    FOR EACH STATEMENT EXECUTE FUNCTION turret_append_only();

CREATE TABLE remarks (
    kind    text   NOT NULL CHECK (kind IN ('order', 'day')),
    subject bigint NOT NULL,
    at      timestamptz NOT NULL,
    text    text,
    PRIMARY KEY (kind, subject)
);
COMMENT ON TABLE remarks IS 'A person''s notes on orders and UTC days.';
COMMENT ON COLUMN remarks.subject IS 'orders.id, or days since 1970-01-01.';

-- What the fee rates of a market are rates of.
ALTER TABLE markets ADD COLUMN fee_kind text NOT NULL DEFAULT 'notional' CHECK (fee_kind IN ('notional', 'kalshi', 'polymarket'));
COMMENT ON COLUMN markets.fee_kind IS 'Formula of maker_ppm and taker_ppm: of the value, or rate * contracts * price * (1 - price) as that venue rounds it.';

-- Where an order went when the same outcome traded on several venues, and exits that move or come in parts.
ALTER TABLE orders ADD COLUMN route jsonb;
COMMENT ON COLUMN orders.route IS 'The router''s comparison: {mode, chosen, options: [{market, account, code, average, fee, fillable, taken}]}; null: none was asked for.';
COMMENT ON COLUMN orders.exit_plan IS '{stop, target, invalidation, invalidation_price, confidence, time_exit, cooldown_until}; each may be null. Where set also {trail: {kind, value, best}, trailed, break_even, before_close_s, ladder: [{level, part_ppm, done}], ladder_size}.';
COMMENT ON COLUMN orders.link_id IS 'By source: watches.id of a sniper, follows.id of a copy or counter trade (copyTradeSubId), or the invocation behind the order.';
