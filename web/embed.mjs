// Writes what Vite has built as an assembler file, which takes the bytes into the binary without a
// compiler reading them, and a table of it in C++. Text is packed once, here.
//
// usage: node embed.mjs DIST ASSETS.S ASSETS.cc
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";

const MEDIA_TYPES = {
  css: "text/css; charset=utf-8",
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
};
const [dist, assembler, table] = process.argv.slice(2);

function assetOf(file, i) {
  const body = readFileSync(file);
  const path = `/${relative(dist, file).replaceAll("\\", "/")}`;
  const mediaType = MEDIA_TYPES[path.split(".").at(-1)];
  if (mediaType === undefined) throw new Error(`${path}: no media type is known, add it to embed.mjs`);
  const gzipFile = `${assembler}.${i}.gz`;
  const gzip = gzipSync(body, { level: 9 });
  writeFileSync(gzipFile, gzip);
  const etag = createHash("sha256").update(body).digest("hex").slice(0, 16);
  return { path, mediaType, file, size: body.length, gzipFile, gzipSize: gzip.length, etag, i };
}

function bytes(symbol, file) {
  const name = `headrace_page_${symbol}`;
  return `  .balign 16\n  .global ${name}\n  .hidden ${name}\n${name}:\n  .incbin ${JSON.stringify(file)}\n`;
}

const files = readdirSync(dist, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
  .sort();
const assets = files.map(assetOf);
writeFileSync(
  assembler,
  `  .section .rodata\n${assets.map((a) => bytes(`${a.i}`, a.file) + bytes(`${a.i}_gzip`, a.gzipFile)).join("")}` +
    `  .section .note.GNU-stack, "", %progbits\n`,
);
const quote = JSON.stringify;
writeFileSync(
  table,
  `#include "server/http/page_assets.h"

extern "C" {
${assets.map((a) => `extern const char headrace_page_${a.i}[], headrace_page_${a.i}_gzip[];`).join("\n")}
}

namespace headrace::server {

std::span<const PageAsset> PageAssets() noexcept {
  static const PageAsset kAssets[] = {
${assets
  .map(
    (a) =>
      `      {${quote(a.path)}, ${quote(a.mediaType)}, ${quote(a.etag)}, {headrace_page_${a.i}, ${a.size}},\n` +
      `       {headrace_page_${a.i}_gzip, ${a.gzipSize}}},`,
  )
  .join("\n")}
  };
  return kAssets;
}

}  // namespace headrace::server
`,
);
