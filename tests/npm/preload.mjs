// node --import ./preload.mjs PROGRAM: servers listen on loopback only, and Node 18 gets zlib.crc32, which aimock imports.
import { register } from "node:module";
import net from "node:net";
import zlib from "node:zlib";

const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  const bare = (typeof port === "number" || /^\d+$/.test(port)) && typeof rest[0] !== "string";
  return bare ? listen.call(this, Number(port), "127.0.0.1", ...rest) : listen.call(this, port, ...rest);
};

if (!zlib.crc32) {
  const table = Uint32Array.from({ length: 256 }, (_, n) => {
    for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
    return n;
  });
  zlib.crc32 = (data, crc = 0) => {
    crc = ~crc;
    for (const byte of Buffer.from(data)) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8);
    return ~crc >>> 0;
  };
  const names = Object.keys(zlib).filter((name) => name !== "default");
  const source = `import zlib from "node:zlib"; export default zlib; export const {${names.join()}} = zlib;`;
  const url = "data:text/javascript," + encodeURIComponent(source);
  const hook = `export const resolve = (name, at, next) =>
    /^(node:)?zlib$/.test(name) && !at.parentURL?.startsWith("data:") ? { url: ${JSON.stringify(url)}, shortCircuit: true } : next(name, at);`;
  register("data:text/javascript," + encodeURIComponent(hook));
}
