// Unpacks the Chromium of the package beside it, with the libraries and fonts that a bare machine
// lacks, into node_modules/.chromium. Does nothing when it is there.
import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { brotliDecompressSync } from "node:zlib";

import { extract } from "tar-fs";

const modules = join(import.meta.dirname, "node_modules");
const packed = join(modules, "@sparticuz", "chromium", "bin");
const target = join(modules, ".chromium");
const unfinished = `${target}.unfinished`;

if (!existsSync(target)) {
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished);
  const program = join(unfinished, "chromium");
  writeFileSync(program, brotliDecompressSync(readFileSync(join(packed, "chromium.br"))));
  chmodSync(program, 0o755);
  for (const name of ["al2023", "fonts"]) {
    const tar = brotliDecompressSync(readFileSync(join(packed, `${name}.tar.br`)));
    await pipeline(Readable.from([tar]), extract(unfinished));
  }
  renameSync(unfinished, target);
}
