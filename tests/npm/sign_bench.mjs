// How long the official client takes for what build/bench sign measures: an order from price and size to its signature, and on to the body of
// its request and the headers. sign_bench.mjs MODULES COUNT: prints one line of JSON, microseconds an order (the least of rounds of ten).
import { createRequire } from "node:module";
import { webcrypto } from "node:crypto";
import path from "node:path";
import { pathToFileURL } from "node:url";

globalThis.crypto ??= webcrypto; // node 18
const modules = path.resolve(process.argv[2]), count = Number(process.argv[3] ?? 200);
const require = createRequire(path.join(modules, "x.js"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const { OrderBuilder, orderToJsonV2, createL2Headers } = await import(pathToFileURL(path.join(modules, "@polymarket/clob-client-v2/dist/index.js")).href);
const { Wallet } = await load("@ethersproject/wallet");
const { createWalletClient, http } = await load("viem");
const { privateKeyToAccount } = await load("viem/accounts");

const key = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
const creds = { key: "00000000-0000-4000-8000-000000000001", secret: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", passphrase: "p" };
const tokenID = "71321045679252212594626385532706912750332728571942532289631379312455583992563";
const signers = { ethers: new Wallet(key), viem: createWalletClient({ account: privateKeyToAccount(key), transport: http("http://127.0.0.1:9") }) };

const measure = async (signer, whole) => {
  const builder = new OrderBuilder(signer, 137, 0), rounds = [];
  for (let done = 0; done < count; done += 10) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < 10; i++) {
      const order = await builder.buildOrder({ tokenID, side: "BUY", price: 0.57, size: 5 + ((done + i) % 100) }, { tickSize: "0.01", negRisk: false }, 2);
      if (!whole) continue;
      const body = JSON.stringify(orderToJsonV2(order, creds.key, "GTC"));
      await createL2Headers(signer, creds, { method: "POST", requestPath: "/order", body });
    }
    rounds.push(Number(process.hrtime.bigint() - start) / 10000);
  }
  return Math.min(...rounds);
};

const out = {};
for (const [name, signer] of Object.entries(signers)) {
  await measure(signer, true); // warm
  out[name] = { sign_us: await measure(signer, false), request_us: await measure(signer, true) };
}
console.log(JSON.stringify(out));
