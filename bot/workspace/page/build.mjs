// Builds dist/ from src/: the same bytes on every machine, nothing left to be fetched by the browser.
import { build } from "esbuild";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const dist = join(here, "dist");

/**
 * The drawing library's style, made a guest: scoped by class (it draws its id once a message, and a page may have an id once),
 * and in a layer of its own, so that whatever page.css says stands.
 */
const asGuest = {
  name: "as-guest",
  setup(hooks) {
    hooks.onLoad({ filter: /slack-blocks-to-jsx[\\/]dist[\\/]style\.css$/ }, ({ path }) => {
      const style = readFileSync(path, "utf8")
        .replaceAll("#slack_blocks_to_jsx", ".slack_blocks_to_jsx")
        .replaceAll("!important", "");
      return { contents: `@layer drawing {\n${style}\n}`, loader: "css" };
    });
  },
};

function packageOf(input) {
  const match = /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input);
  return match?.[1];
}

function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(here, folder, "package.json"), "utf8"));
  const file = readdirSync(join(here, folder))
    .sort()
    .find((entry) => /^licen[cs]e/i.test(entry));
  const text = file ? readFileSync(join(here, folder, file), "utf8").trim() : `Licence: ${license}`;
  return { title: `${name} ${version}`, text };
}

function licences(inputs) {
  const folders = [...new Set(inputs.map(packageOf).filter(Boolean))];
  const listed = folders.map(licenceOf);
  // Copied into slack-blocks-to-jsx by its authors, without its licence.
  listed.push({
    title: "@yozora (inside slack-blocks-to-jsx)",
    text: readFileSync(join(here, "licences", "yozora.txt"), "utf8").trim(),
  });
  const order = (a, b) => (a.title < b.title ? -1 : 1);
  const rule = "-".repeat(80);
  const parts = listed.sort(order).map(({ title, text }) => `${rule}\n${title}\n${rule}\n\n${text.replaceAll("\r\n", "\n")}\n`);
  return `page.js and page.css contain the following packages.\n\n${parts.join("\n")}`;
}

const result = await build({
  absWorkingDir: here,
  entryPoints: { page: "src/main.tsx" },
  outdir: "dist",
  write: false,
  metafile: true,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2022"],
  charset: "utf8",
  jsx: "automatic",
  legalComments: "none",
  define: { "process.env.NODE_ENV": '"production"' },
  plugins: [asGuest],
  logLevel: "warning",
});

rmSync(dist, { recursive: true, force: true });
mkdirSync(dist);
for (const file of result.outputFiles) {
  writeFileSync(join(dist, file.path.split(/[\\/]/).at(-1)), file.contents);
}
writeFileSync(join(dist, "index.html"), readFileSync(join(here, "src", "index.html")));
writeFileSync(join(dist, "LICENSES.txt"), licences(Object.keys(result.metafile.inputs)));
for (const file of readdirSync(dist).sort()) {
  console.log(`dist/${file}  ${readFileSync(join(dist, file)).length} bytes`);
}
