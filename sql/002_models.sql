-- Models that trade, and what they did: every invocation with its prompt and answer, every tool call before it is carried
-- out. Orders of a run carry its id as link_id (source agent). Money is numeric, times are UTC, 64-bit ids bigint.

CREATE TABLE models (
    id                     integer PRIMARY KEY CHECK (id > 0),
    name                   text    NOT NULL,
    variant                text    NOT NULL,
    provider               text    NOT NULL,
    model_ref              text    NOT NULL,
    account_id             integer NOT NULL,
    enabled                boolean NOT NULL,
    paused                 boolean NOT NULL,
    builtin                boolean NOT NULL,
    interval_s             integer NOT NULL CHECK (interval_s >= 0),
    next_run_at            timestamptz,
    last_run_at            timestamptz,
    last_ok_at             timestamptz,
    invocation_count       bigint  NOT NULL CHECK (invocation_count >= 0),
    total_minutes          bigint  NOT NULL CHECK (total_minutes >= 0),
    failed_workflow_count  bigint  NOT NULL CHECK (failed_workflow_count >= 0),
    failed_tool_call_count bigint  NOT NULL CHECK (failed_tool_call_count >= 0),
    skipped                bigint  NOT NULL CHECK (skipped >= 0),
    failed_in_row          bigint  NOT NULL CHECK (failed_in_row >= 0),
    tokens_in              bigint  NOT NULL,
    tokens_out             bigint  NOT NULL,
    cost_total             numeric(18,6) NOT NULL,
    cost_day               numeric(18,6) NOT NULL,
    cost_date              date    NOT NULL,
    cost_unknown           boolean NOT NULL,
    budget_run             numeric(18,6) NOT NULL,
    budget_day             numeric(18,6) NOT NULL,
    limits                 jsonb   NOT NULL,
    markets                text    NOT NULL,
    reason                 text,
    version                integer NOT NULL,
    UNIQUE (name, variant)
);
COMMENT ON TABLE models IS 'One row a model and variant, so one language model can run every variant; kept when it is configured no more.';
COMMENT ON COLUMN models.model_ref IS 'The model''s name at its provider. Keys and secrets are never in the database.';
COMMENT ON COLUMN models.enabled IS 'Configured now; paused is a person''s word and survives a restart.';
COMMENT ON COLUMN models.next_run_at IS 'The schedule lives here: a restart or a sleep neither loses nor doubles a run.';
COMMENT ON COLUMN models.invocation_count IS 'Runs that were completed; failed_workflow_count counts those that failed.';
COMMENT ON COLUMN models.skipped IS 'Times that came while the run before was still at work.';
COMMENT ON COLUMN models.cost_day IS 'Cost of language model calls on cost_date (UTC); with cost_unknown both sums are lower bounds.';
COMMENT ON COLUMN models.budget_run IS 'USD a run, budget_day USD a day; 0 is none.';
COMMENT ON COLUMN models.limits IS 'Limits of the variant as they stood last: USD and ppm in millionths, times in ms; 0 switches a rule off.';
COMMENT ON COLUMN models.markets IS 'Symbols it may trade, by commas; empty is all, perp and binary are kinds.';
COMMENT ON COLUMN models.reason IS 'Why its last run failed; null when it did not.';

CREATE TABLE prompts (
    hash text PRIMARY KEY,
    text text NOT NULL,
    at   timestamptz NOT NULL
);
COMMENT ON TABLE prompts IS 'Prompt texts, each stored once under its sha256 (hex).';

CREATE TABLE invocations (
    id            bigint PRIMARY KEY CHECK (id > 0),
    model_id      integer NOT NULL REFERENCES models (id) ON DELETE RESTRICT ON UPDATE CASCADE,
    account_id    integer NOT NULL,
    started_at    timestamptz NOT NULL,
    ended_at      timestamptz,
    status        text NOT NULL,
    system_hash   text,
    prompt_hash   text,
    response      text,
    payload       jsonb,
    tokens_in     bigint,
    tokens_out    bigint,
    tokens_cached bigint,
    cost          numeric(18,6),
    latency_ms    bigint,
    steps         integer,
    error         text,
    rerun_of      bigint
);
CREATE INDEX invocations_model ON invocations (model_id, started_at);
CREATE INDEX invocations_started ON invocations (started_at, id);
COMMENT ON TABLE invocations IS 'One row a run of a model, written before the model is asked; ended_at is null while it runs.';
COMMENT ON COLUMN invocations.system_hash IS 'prompts.hash of the system prompt; prompt_hash of the user prompt.';
COMMENT ON COLUMN invocations.payload IS 'Decisions, results, telemetry of the steps and usage, as the agents'' shell wrote them.';
COMMENT ON COLUMN invocations.cost IS 'USD for the language model; null is unknown, 0 is free.';
COMMENT ON COLUMN invocations.rerun_of IS 'The run whose prompt was given again; such a run does not trade.';

CREATE TYPE tool_call_type AS ENUM ('CREATE_POSITION', 'CLOSE_POSITION', 'UPDATE_EXIT_PLAN', 'HOLDING', 'READ');
CREATE TABLE tool_calls (
    invocation_id bigint  NOT NULL REFERENCES invocations (id) ON DELETE RESTRICT ON UPDATE CASCADE,
    step          integer NOT NULL,
    index         integer NOT NULL,
    type          tool_call_type NOT NULL,
    name          text NOT NULL,
    arguments     text,
    result        jsonb,
    code          text,
    at            timestamptz NOT NULL,
    latency_ms    bigint,
    order_id      bigint,
    PRIMARY KEY (invocation_id, step, index)
);
CREATE INDEX tool_calls_order ON tool_calls (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX tool_calls_at ON tool_calls (at);
COMMENT ON TABLE tool_calls IS 'Every tool call of every run, stored before it is carried out: a call that was given twice is found by its key.';
COMMENT ON COLUMN tool_calls.index IS 'Place among the calls of one answer (step).';
COMMENT ON COLUMN tool_calls.arguments IS 'As the model gave them: text, which need not be JSON.';
COMMENT ON COLUMN tool_calls.code IS 'ok, or the code of the refusal; null while there is no answer.';
COMMENT ON COLUMN tool_calls.order_id IS 'The order it led to; orders.link_id is the way back to the run.';

-- The founding name of the equity curve, by model.
CREATE VIEW portfolio_sizes AS
SELECT m.id AS model_id, m.name, m.variant, e.equity AS net_portfolio, e.at FROM equity e JOIN models m ON m.account_id = e.account_id;
COMMENT ON VIEW portfolio_sizes IS 'Equity samples of the models'' accounts.';

COMMENT ON TABLE equity IS 'Equity curve by account: each minute for 7 days, then the last of each hour to 30 days, then of each day; the first row stays.';

-- The stop a position began with: what its risk is measured by when it is closed. Plans may be tightened later.
ALTER TABLE orders ADD COLUMN initial_stop numeric(18,6);
COMMENT ON COLUMN orders.initial_stop IS 'The first stop the open position had; later stops are in stop_loss_price.';
UPDATE orders SET initial_stop = stop_loss_price WHERE status IS NOT NULL AND stop_loss_price IS NOT NULL;
CREATE FUNCTION turret_first_stop() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.initial_stop := NEW.stop_loss_price;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_first_stop BEFORE UPDATE ON orders FOR EACH ROW
    WHEN (NEW.stop_loss_price IS NOT NULL AND NEW.status IS NOT NULL AND NEW.initial_stop IS NULL)
    EXECUTE FUNCTION turret_first_stop();

-- Every closed position of every account is read at each start, oldest first; a model's orders are found by their run.
CREATE INDEX orders_closed ON orders (closed_at, id) WHERE status = 'CLOSED';
CREATE INDEX orders_link ON orders (link_id) WHERE link_id IS NOT NULL;
