// Token ids as llama.cpp gives them, to hold ours against. Not run by the tests; run it again
// when texts.json changes or a model joins the catalogue:
//
//   npm install --no-save --ignore-scripts node-llama-cpp@3.22.1
//   node llama_tokens.mjs texts.json MODEL.gguf > expected/NAME.json
//   node llama_tokens.mjs texts.json A.gguf B.gguf > expected/NAME.json   (fails unless both agree)
//
// `plain` takes special tokens as ordinary characters (what a customer's words must be), `special`
// parses them (what a chat template needs). Neither adds a BOS. Tokens of type "user defined"
// (`<tool_call>`) are parsed in both. llama.cpp does no Unicode normalization; the original Qwen
// tokenizer does, hence `plain_nfc` and `special_nfc` where a text is not in NFC.
// node-llama-cpp is found in the folder NODE_LLAMA_CPP_ROOT, where npm installed it, if that is set.
import {createHash} from "node:crypto";
import {createReadStream, readFileSync} from "node:fs";
import {basename, join} from "node:path";
import {pathToFileURL} from "node:url";

async function nodeLlamaCpp() {
    const root = process.env.NODE_LLAMA_CPP_ROOT;
    if (!root) return import("node-llama-cpp");
    return import(pathToFileURL(join(root, "node_modules/node-llama-cpp/dist/index.js")));
}

async function sha256(path) {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path)) hash.update(chunk);
    return hash.digest("hex");
}

const [textsPath, ...modelPaths] = process.argv.slice(2);
if (modelPaths.length === 0) {
    console.error("usage: node llama_tokens.mjs TEXTS.json MODEL.gguf [MODEL.gguf ...]");
    process.exit(2);
}

const texts = JSON.parse(readFileSync(textsPath, "utf8"));
const {getLlama, LlamaLogLevel} = await nodeLlamaCpp();
const llama = await getLlama({gpu: false, build: "never", logLevel: LlamaLogLevel.error});

const models = [];
let tokens = null;
for (const path of modelPaths) {
    const model = await llama.loadModel({modelPath: path, vocabOnly: true});
    const found = texts.map(({name, text}) => {
        const row = {name, plain: model.tokenize(text, false), special: model.tokenize(text, true)};
        const nfc = text.normalize("NFC");
        if (nfc !== text) Object.assign(row, {plain_nfc: model.tokenize(nfc, false), special_nfc: model.tokenize(nfc, true)});
        return row;
    });
    for (const [index, row] of found.entries()) {
        if (tokens && JSON.stringify(tokens[index]) !== JSON.stringify(row)) {
            console.error(`${basename(path)} disagrees with ${basename(modelPaths[0])} on "${row.name}"`);
            process.exit(1);
        }
    }
    tokens = found;
    models.push({file: basename(path), sha256: await sha256(path)});
    await model.dispose();
}

// One text a line, so that a diff shows which text changed.
const head = JSON.stringify({
    command: ["node llama_tokens.mjs", ...[textsPath, ...modelPaths].map((path) => basename(path))].join(" "),
    llama_cpp: llama.llamaCppRelease.release,
    models,
}, null, 2);
const rows = tokens.map((row) => "    " + JSON.stringify(row)).join(",\n");
console.log(`${head.slice(0, -2)},\n  "tokens": [\n${rows}\n  ]\n}`);
await llama.dispose();
