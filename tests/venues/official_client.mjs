// The official TypeScript client, driven by lines of JSON on stdin: {id, op, ...} is answered by {id, ok, value|error} on stdout.
// ops: open (a client by name), creds, call (any method), batch (orders built, then posted as one), sign (built, not posted), stream, frames, end.
import { createRequire } from "node:module";
import { webcrypto } from "node:crypto";
import path from "node:path";
import readline from "node:readline";
import { pathToFileURL } from "node:url";

globalThis.crypto ??= webcrypto; // node 18
const modules = path.resolve(process.argv[2]);
const require = createRequire(path.join(modules, "x.js"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const entry = path.join(modules, "@polymarket/clob-client-v2/dist/index.js");
const { ClobClient } = await import(pathToFileURL(entry).href);
const { Wallet } = await load("@ethersproject/wallet");
const WebSocket = (await load("ws")).default;

const clients = {}, streams = {};

const signerOf = async (a) => {
  if (!a.viem) return new Wallet(a.key);
  const { createWalletClient, http } = await load("viem");
  const { privateKeyToAccount } = await load("viem/accounts");
  return createWalletClient({ account: privateKeyToAccount(a.key), transport: http("http://127.0.0.1:9") });
};
const make = (a, signer, creds) =>
  new ClobClient({ host: a.host, chain: a.chain ?? 137, signer, creds, signatureType: a.type ?? 0, funderAddress: a.funder ?? undefined, useServerTime: !!a.serverTime });

const build = (c, o) => (o.v3 ? c.createExchangeV3OrderFromAmounts(o.v3) : o.amount !== undefined ? c.createMarketOrder({ ...o }) : c.createOrder({ ...o }));
const ops = {
  async open(a) {
    const signer = await signerOf(a);
    clients[a.name] = { a, signer, client: make(a, signer, a.creds) };
    return true;
  },
  async creds(a) {
    const c = clients[a.name];
    const creds = await c.client.createOrDeriveApiKey();
    c.client = make(c.a, c.signer, creds);
    return creds;
  },
  call: (a) => clients[a.name].client[a.method](...(a.args ?? [])),
  async sign(a) {
    return build(clients[a.name].client, a.order);
  },
  async post(a) {
    const c = clients[a.name].client;
    return c.postOrder(await build(c, a.order), a.type ?? "GTC", !!a.postOnly, !!a.defer);
  },
  async batch(a) {
    const c = clients[a.name].client, args = [];
    for (const o of a.orders) args.push({ order: await build(c, o), orderType: o.orderType ?? "GTC" });
    return c.postOrders(args, !!a.postOnly);
  },
  stream(a) {
    return new Promise((done, fail) => {
      const ws = new WebSocket(a.url), s = { ws, frames: [], closed: false };
      streams[a.name] = s;
      ws.on("open", () => { ws.send(JSON.stringify(a.first)); done(true); });
      ws.on("message", (m) => s.frames.push(m.toString()));
      ws.on("close", () => { s.closed = true; });
      ws.on("error", fail);
    });
  },
  async say(a) { streams[a.name].ws.send(a.text); return true; },
  async frames(a) { return { frames: streams[a.name].frames, closed: streams[a.name].closed }; },
};

for await (const line of readline.createInterface({ input: process.stdin })) {
  const a = JSON.parse(line);
  if (a.op === "end") break;
  let out;
  try {
    out = { id: a.id, ok: true, value: (await ops[a.op](a)) ?? null };
  } catch (e) {
    out = { id: a.id, ok: false, error: String(e?.message ?? e) };
  }
  process.stdout.write(JSON.stringify(out) + "\n");
}
process.exit(0);
