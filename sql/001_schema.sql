-- The book of record. `orders` is the truth: a position is the record of the order that opened it. Money and prices
-- are numeric(18,6), times are UTC. Enumerations are words, checked here. ledger and order_events only ever grow.

-- Words are enumerations and ranges are domains rather than CHECKs of the tables: the server reads a table's CHECKs anew
-- for every statement, which would double the time an order waits for its commit.
CREATE TYPE order_side AS ENUM ('yes', 'no', 'long', 'short');
CREATE TYPE order_action AS ENUM ('buy', 'sell');
CREATE TYPE order_type AS ENUM ('market', 'limit', 'stop', 'take_profit');
CREATE TYPE time_in_force AS ENUM ('gtc', 'gtd', 'ioc', 'fok');
CREATE TYPE order_state AS ENUM ('created', 'pending', 'partial', 'filled', 'cancelled', 'failed');
CREATE TYPE order_source AS ENUM ('manual', 'agent', 'tpsl', 'sniper', 'copy-trade', 'counter-trade', 'external', 'liquidation',
                                  'resolution', 'reconcile', 'kill');
CREATE TYPE position_status AS ENUM ('OPEN', 'CLOSED');
CREATE TYPE close_trigger AS ENUM ('STOP', 'TARGET', 'TRAIL', 'TIME', 'INVALIDATION', 'LIQUIDATION', 'RESOLVED', 'KILL', 'EXTERNAL',
                                   'RECONCILE');
CREATE DOMAIN amount AS numeric(18,6) CHECK (VALUE >= 0);
CREATE DOMAIN positive AS numeric(18,6) CHECK (VALUE > 0);

CREATE TABLE accounts (
    id      integer PRIMARY KEY,
    venue   text    NOT NULL,
    name    text    NOT NULL,
    live    boolean NOT NULL,
    initial numeric(18,6) NOT NULL
);
COMMENT ON TABLE accounts IS 'One row an account: its venue, paper or real money, starting capital of paper accounts.';

CREATE TABLE markets (
    id                 bigint PRIMARY KEY,
    venue              text NOT NULL,
    symbol             text NOT NULL,
    kind               text NOT NULL CHECK (kind IN ('binary', 'perp')),
    status             text NOT NULL CHECK (status IN ('open', 'halted', 'closed', 'resolved')),
    outcome            text NOT NULL CHECK (outcome IN ('none', 'yes', 'no', 'void')),
    title              text NOT NULL,
    category           text NOT NULL,
    max_leverage       smallint NOT NULL,
    price_digits       smallint NOT NULL,
    quantity_digits    smallint NOT NULL,
    quote_only         boolean NOT NULL,
    tick               numeric(18,6) NOT NULL,
    min_price          numeric(18,6) NOT NULL,
    max_price          numeric(18,6) NOT NULL,
    lot                numeric(18,6) NOT NULL,
    min_size           numeric(18,6) NOT NULL,
    maker_ppm          integer NOT NULL,
    taker_ppm          integer NOT NULL,
    maintenance_ppm    integer NOT NULL,
    funding_interval_s integer NOT NULL,
    closes_at          timestamptz,
    last_price         numeric(18,6),
    mark_price         numeric(18,6),
    UNIQUE (venue, symbol)
);
COMMENT ON TABLE markets IS 'Listings of every market an order was ever for, with their last marks.';

CREATE TABLE orders (
    id                  bigint PRIMARY KEY,
    num                 integer NOT NULL UNIQUE,
    account_id          integer NOT NULL,
    market_id           bigint  NOT NULL,
    strategy            text    NOT NULL,
    side                order_side NOT NULL,
    action              order_action NOT NULL,
    type                order_type NOT NULL,
    time_in_force       time_in_force NOT NULL,
    state               order_state NOT NULL,
    source              order_source NOT NULL,
    outcome_unknown     boolean NOT NULL,
    reduce_only         boolean NOT NULL,
    post_only           boolean NOT NULL,
    sent                boolean NOT NULL,
    leverage            smallint NOT NULL,
    reason              text,
    reason_text         text,
    version             integer NOT NULL,
    price               positive,
    trigger_price       positive,
    quantity            amount NOT NULL,
    filled_quantity     amount NOT NULL,
    filled_value        numeric(18,6) NOT NULL,
    avg_fill_price      numeric(18,6),
    fee                 numeric(18,6) NOT NULL,
    parent_id           bigint,
    link_id             bigint,
    client_id           text,
    venue_order_id      text,
    created_at          timestamptz NOT NULL,
    sent_at             timestamptz,
    updated_at          timestamptz NOT NULL,
    expires_at          timestamptz,
    cancel_requested_at timestamptz,
    -- the position that this order opened; null until its first opening fill
    status              position_status,
    close_trigger       close_trigger,
    position_leverage   smallint,
    unprotected         boolean,
    open_quantity       amount,
    reserved_quantity   amount,
    closed_quantity     amount,
    cost                numeric(18,6),
    entry_price         numeric(18,6),
    exit_price          numeric(18,6),
    exit_value          numeric(18,6),
    realized_pnl        numeric(18,6),
    position_fees       numeric(18,6),
    position_funding    numeric(18,6),
    opened_at           timestamptz,
    closed_at           timestamptz,
    sl_order_id         bigint,
    tp_order_id         bigint,
    stop_loss_price     positive,
    take_profit_price   positive,
    sl_trigger_price    numeric(18,6),
    tp_trigger_price    numeric(18,6),
    exit_plan           jsonb
) WITH (fillfactor = 80);
-- One net position per (account, strategy, market): scale-ins average under one plan.
CREATE UNIQUE INDEX orders_one_open ON orders (account_id, strategy, market_id) WHERE status = 'OPEN';
CREATE INDEX orders_working ON orders (num) WHERE state IN ('created', 'pending', 'partial');
COMMENT ON TABLE orders IS 'The truth: one row an order; the order that opened a position carries it (status, entry_price ... exit_plan).';
COMMENT ON COLUMN orders.side IS 'Side of the position; action is the trade''s: opening a short is short/sell.';
COMMENT ON COLUMN orders.price IS 'Limit in the own side''s price (a NO price for NO); null for market orders.';
COMMENT ON COLUMN orders.outcome_unknown IS 'Sent, but no answer says what became of it: never re-sent, settled by asking the venue.';
COMMENT ON COLUMN orders.version IS 'Grows by one with every change; updates are compare-and-set on it.';
COMMENT ON COLUMN orders.link_id IS 'By source: the sniper, copy subscription (copyTradeSubId), counter configuration or invocation behind the order.';
COMMENT ON COLUMN orders.close_trigger IS 'Why the position closed; null = by hand or by the model.';
COMMENT ON COLUMN orders.exit_plan IS '{stop, target, invalidation, invalidation_price, confidence, time_exit, cooldown_until}; each may be null.';
COMMENT ON COLUMN orders.cost IS 'Entry cost of the open quantity at average cost, without fees.';

CREATE TABLE fills (
    seq            bigint GENERATED ALWAYS AS IDENTITY,
    venue          text     NOT NULL,
    account_id     integer  NOT NULL,
    venue_trade_id text     NOT NULL,
    leg            smallint NOT NULL CHECK (leg >= 0),
    order_id       bigint   NOT NULL,
    position_id    bigint,
    market_id      bigint   NOT NULL,
    kind           text     NOT NULL CHECK (kind IN ('trade', 'settlement', 'liquidation', 'transfer', 'adjustment')),
    finality       text     NOT NULL CHECK (finality IN ('provisional', 'final', 'reversed')),
    maker          boolean  NOT NULL,
    side           order_side NOT NULL,
    action         order_action NOT NULL,
    price          amount NOT NULL,
    quantity       positive NOT NULL,
    fee            numeric(18,6) NOT NULL,
    realized_pnl   numeric(18,6) NOT NULL,
    at             timestamptz NOT NULL,
    PRIMARY KEY (venue, account_id, venue_trade_id, leg)
);
CREATE INDEX fills_order ON fills (order_id);
CREATE INDEX fills_position ON fills (position_id);
COMMENT ON TABLE fills IS 'Executions, once each whatever is replayed; a fill that passes through zero is two legs. Only finality changes.';

CREATE TABLE ledger (
    seq        bigint GENERATED ALWAYS AS IDENTITY,
    account_id integer NOT NULL,
    kind       text    NOT NULL CHECK (kind IN ('deposit', 'fill', 'fee', 'funding', 'settlement', 'rebate', 'adjustment')),
    ref        text    NOT NULL,
    market_id  bigint,
    order_id   bigint,
    amount     numeric(18,6) NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (account_id, kind, ref)
);
COMMENT ON TABLE ledger IS 'Every movement of cash, signed; append-only. An account''s cash is the sum of its amounts.';

CREATE TABLE order_events (
    order_id   bigint NOT NULL,
    seq        bigint GENERATED ALWAYS AS IDENTITY,
    event      text   NOT NULL,
    from_state text   NOT NULL,
    to_state   text   NOT NULL,
    source     text   NOT NULL,
    reason     text,
    text       text,
    at         timestamptz NOT NULL,
    PRIMARY KEY (order_id, seq)
);
COMMENT ON TABLE order_events IS 'Every transition of every order; append-only.';

CREATE TABLE settings (
    key   text PRIMARY KEY,
    value text NOT NULL
);
COMMENT ON TABLE settings IS 'What must survive a restart and is no order: kill switch, day pauses, risk limits.';

CREATE TABLE equity (
    account_id integer NOT NULL,
    at         timestamptz NOT NULL,
    equity     numeric(18,6) NOT NULL,
    PRIMARY KEY (account_id, at)
);
COMMENT ON TABLE equity IS 'Equity curve: one sample a minute and account; thinned to one an hour after 7 days.';

CREATE TABLE days (
    account_id   integer NOT NULL,
    day          date    NOT NULL,
    start_equity numeric(18,6) NOT NULL,
    PRIMARY KEY (account_id, day)
);
COMMENT ON TABLE days IS 'Equity at midnight UTC: the reference of the day''s loss limit.';

CREATE VIEW day_pnl AS
SELECT account_id, market_id, day, sum(realized) AS realized, sum(fees) AS fees, sum(funding) AS funding
FROM (SELECT account_id, market_id, (at AT TIME ZONE 'UTC')::date AS day, realized_pnl AS realized, fee AS fees, 0 AS funding
      FROM fills WHERE finality <> 'reversed'
      UNION ALL
      SELECT account_id, market_id, (at AT TIME ZONE 'UTC')::date, 0, 0, -amount FROM ledger WHERE kind = 'funding') AS moves
GROUP BY account_id, market_id, day;
COMMENT ON VIEW day_pnl IS 'Realized P&L before fees, fees and funding (paid is positive) by account, market and UTC day.';

CREATE TABLE leader (
    id      smallint PRIMARY KEY CHECK (id = 1),
    epoch   bigint NOT NULL,
    holder  text   NOT NULL,
    expires timestamptz NOT NULL
);
INSERT INTO leader VALUES (1, 0, '', '-infinity');
COMMENT ON TABLE leader IS 'The one desk that trades on this database: taken by compare-and-set, epoch + 1 each time; every write checks the epoch.';

-- Stops a batch where a condition does not hold: TU001 a lost compare-and-set, TU002 not the leader.
CREATE FUNCTION turret_expect(holds boolean, code text, what text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    IF holds IS NOT TRUE THEN
        RAISE EXCEPTION USING ERRCODE = code, MESSAGE = what;
    END IF;
    RETURN true;
END $$;

-- A position never reserves more than it has and is flat when closed. Checked where positions change: on updates.
CREATE FUNCTION turret_bad_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'order %: reserved % of open %, status %', NEW.num, NEW.reserved_quantity, NEW.open_quantity, NEW.status
        USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER orders_position_holds BEFORE UPDATE ON orders FOR EACH ROW
    WHEN (NEW.reserved_quantity > NEW.open_quantity OR (NEW.status = 'CLOSED' AND NEW.open_quantity <> 0))
    EXECUTE FUNCTION turret_bad_position();

CREATE FUNCTION turret_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'TU003';
END $$;
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger
    FOR EACH STATEMENT EXECUTE FUNCTION turret_append_only();
CREATE TRIGGER order_events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON order_events
    FOR EACH STATEMENT EXECUTE FUNCTION turret_append_only();
